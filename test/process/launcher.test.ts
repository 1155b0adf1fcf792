import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { transform } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { REDIS_TS, tempDir } from '../interop/stock.js'

const OLDEST = /\d+/.exec(String(JSON.parse(readFileSync('package.json', 'utf8')).engines.node))?.[0] ?? ''

/** Runs this Node with arguments, in the belief that it is another version. */
function runAs(version: string, ...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const preload = join(tempDir(), 'version.cjs')
  writeFileSync(preload, `Object.defineProperty(process, 'version', { value: '${version}' })`)
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-r', preload, ...args], { encoding: 'utf8' })
  return { code: status, stdout, stderr }
}

describe('a Node that is too old', () => {
  test.each(['v8.17.0', 'v12.22.12', 'v18.20.4', 'v19.9.0'])('%s is told so in one line, and no more', version => {
    for (const args of [['--version'], [], ['--port', 'nonsense']]) {
      const { code, stdout, stderr } = runAs(version, REDIS_TS, ...args)
      expect(stderr).toBe(`redis-ts needs Node.js ${OLDEST} or later, this is ${version} (${process.execPath})\n`)
      expect(stdout).toBe('')
      expect(code).toBe(1)
    }
  })

  test('is told so by the library as well', () => {
    const library = pathToFileURL(join(process.cwd(), 'dist/index.js')).href
    const script = `import(${JSON.stringify(library)}).then(() => console.log('loaded'), error => console.log(error.message))`
    expect(runAs('v18.20.4', '-e', script).stdout).toBe(`redis-ts needs Node.js ${OLDEST} or later, this is v18.20.4\n`)
    expect(runAs('v20.0.0', '-e', script).stdout).toBe('loaded\n')
  })

  test('can read the launcher, which has nothing that is younger than ES5', async () => {
    const source = readFileSync(REDIS_TS, 'utf8')
    const plain = await transform(source, { target: 'es5', loader: 'js' })
    expect(plain.code).toBe((await transform(source, { target: 'esnext', loader: 'js' })).code)
    expect(plain.warnings).toEqual([])
    // Built-in modules had no prefix then.
    expect(source).not.toContain('node:')
  })
})

test.each([`v${OLDEST}.0.0`, 'v22.11.0', 'v100.0.0'])('Node %s is good enough', version => {
  const { code, stdout, stderr } = runAs(version, REDIS_TS, '--version')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^Redis server v=/)
})
