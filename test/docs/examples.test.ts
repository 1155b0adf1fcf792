/** What the README and the pages of docs/ say: their examples run as they stand. */
import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { IMPLEMENTED } from '../../src/config/directive.js'
import { directives } from '../../src/config/directives.js'
import { requireStock } from '../interop/stock.js'
import { type Page, readPage } from './examples.js'
import { checkTypes, type Program, projectOf, runProgram } from './program.js'
import { runShell } from './shell-session.js'

/** A first copy waits for 5 seconds, Sentinel as long again. */
const SESSION_TIMEOUT_MS = 180_000

const pages = [
  '../README.md',
  'README.md',
  'embedding.md',
  'topologies-in-tests.md',
  'replication.md',
  'persistence.md',
  'configuration.md',
  'differences-from-redis.md',
].map(readPage)

function programsOf({ name, sections }: Page): Program[] {
  return sections
    .flatMap(({ examples }) => examples)
    .filter(({ language }) => language === 'ts')
    .map(({ line, text }) => ({
      file: `${name.replace('../', 'first-').replace('.md', '')}-${line}${/from '(vitest|node:test)'/.test(text) ? '.test' : ''}.ts`,
      text,
    }))
}

describe('TypeScript', () => {
  const programs = pages.flatMap(programsOf)
  let dir = ''
  beforeAll(() => {
    dir = projectOf(programs)
  })

  test('has the right types', () => checkTypes(dir))

  test.concurrent.each(programs)('$file', program => runProgram(dir, program))
})

describe('shell', requireStock('redis-cli', 'redis-server', 'redis-sentinel', 'haproxy'), () => {
  const sessions = pages.flatMap(({ name, sections }) =>
    sections
      .map(({ heading, examples }) => ({ name, heading, examples: examples.filter(each => each.language === 'sh') }))
      .filter(({ examples }) => examples.length > 0),
  )

  test.concurrent.each(sessions)('$name: $heading', { timeout: SESSION_TIMEOUT_MS }, ({ examples }) =>
    runShell(examples),
  )
})

describe('links', () => {
  const anchor = (heading: string): string =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-')

  test.each(pages)('of $name lead to what is there', ({ name, text }) => {
    for (const [, file, heading] of text.matchAll(/\]\((?!https?:)([^)#]+)(?:#([^)]*))?\)/g)) {
      const target = join('docs', dirname(name), file)
      expect(existsSync(target), file).toBe(true)
      if (heading !== undefined) {
        const anchors = readPage(relative('docs', target)).sections.map(section => anchor(section.heading))
        expect(anchors, file).toContain(heading)
      }
    }
  })
})

test('configuration.md names all directives without effect', () => {
  const { text } = readPage('configuration.md')
  const [, names] = /^## Accepted without effect\n([\s\S]*?)^## /m.exec(text) ?? []
  for (const [name, { flags }] of Object.entries(directives)) {
    const family = name.replace(/-.*/, '-*')
    const isNamed = names.includes(`\`${name}\``) || names.includes(`\`${family}\``)
    expect(isNamed, name).toBe((flags & IMPLEMENTED) === 0 || family === 'tls-*')
  }
})
