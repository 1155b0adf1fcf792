import { describe, expect, test } from 'vitest'
import {
  type CommandDoc,
  completionsOf,
  docOf,
  helpText,
  hintFor,
  parseCommandDocs,
  syntaxOf,
} from '../../src/page/console/command-docs.js'
import type { Reply } from '../../src/page/server/reply.js'

const map = (fields: Record<string, Reply>): Reply => ({ map: Object.entries(fields) })
const arg = (name: string, type: string, more: Record<string, Reply> = {}) =>
  map({ name, type, display_text: name, ...more })
const flags = (...names: string[]): Record<string, Reply> => ({ flags: { set: names.map(status => ({ status })) } })

const DOCS = parseCommandDocs(
  map({
    set: map({
      summary: 'Sets a key.',
      since: '1.0.0',
      group: 'string',
      complexity: 'O(1)',
      arguments: [
        arg('key', 'key'),
        arg('value', 'string'),
        arg('condition', 'oneof', {
          ...flags('optional'),
          arguments: [arg('nx', 'pure-token', { token: 'NX' }), arg('xx', 'pure-token', { token: 'XX' })],
        }),
        arg('get', 'pure-token', { token: 'GET', ...flags('optional') }),
        arg('seconds', 'integer', { token: 'EX', ...flags('optional') }),
      ],
    }),
    del: map({
      summary: 'Deletes keys.',
      since: '1.0.0',
      group: 'generic',
      arguments: [arg('key', 'key', flags('multiple'))],
    }),
    config: map({
      summary: 'A container.',
      since: '2.0.0',
      group: 'server',
      subcommands: map({
        'config|get': map({
          summary: 'Gets.',
          since: '2.0.0',
          group: 'server',
          arguments: [arg('parameter', 'string', flags('multiple'))],
        }),
      }),
    }),
    object: map({
      summary: 'Chooses.',
      since: '1.0.0',
      group: 'generic',
      arguments: [
        arg('a', 'block', {
          ...flags('multiple', 'multiple_token'),
          token: 'BY',
          arguments: [arg('x', 'string'), arg('y', 'string')],
        }),
      ],
    }),
  }),
)
const byName = new Map(DOCS.map(doc => [doc.name, doc]))
const doc = (name: string): CommandDoc => byName.get(name)!

describe('what the console knows of commands', () => {
  test('subcommands are commands of two words', () =>
    expect(DOCS.map(({ name }) => name)).toEqual(['CONFIG', 'CONFIG GET', 'DEL', 'OBJECT', 'SET']))

  test('syntax', () => {
    expect(syntaxOf(doc('SET').args)).toBe('key value [NX|XX] [GET] [EX seconds]')
    expect(syntaxOf(doc('DEL').args)).toBe('key [key ...]')
    expect(syntaxOf(doc('OBJECT').args)).toBe('BY x y [BY x y ...]')
  })

  test('hints say what is still to come', () => {
    expect(hintFor(doc('SET'), ['k'])).toBe('value [NX|XX] [GET] [EX seconds]')
    expect(hintFor(doc('SET'), ['k', 'v', 'xx'])).toBe('[GET] [EX seconds]')
    expect(hintFor(doc('DEL'), ['a', 'b'])).toBe('[key ...]')
  })

  test('a line names its subcommand before the container', () => {
    expect(docOf(byName, ['config', 'get', 'x'])?.[0].name).toBe('CONFIG GET')
    expect(docOf(byName, ['config', 'nothing'])?.[0].name).toBe('CONFIG')
    expect(docOf(byName, ['nothing'])).toBeNull()
  })

  test('completion', () => {
    expect(completionsOf(DOCS, 'conf').map(({ name }) => name)).toEqual(['CONFIG', 'CONFIG GET'])
    expect(completionsOf(DOCS, 'config  g').map(({ name }) => name)).toEqual(['CONFIG GET'])
    expect(completionsOf(DOCS, '')).toEqual([])
  })

  test('help of a command, a group, and of nothing known', () => {
    expect(helpText(DOCS, ['set'])).toContain('SET key value [NX|XX] [GET] [EX seconds]\n  summary: Sets a key.')
    expect(helpText(DOCS, ['@generic'])).toContain('DEL key [key ...]')
    expect(helpText(DOCS, ['nothing'])).toContain('There is no help for nothing.')
    expect(helpText(DOCS, [])).toContain('@generic @server @string')
  })
})
