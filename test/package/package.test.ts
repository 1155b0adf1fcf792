import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { until } from '../interop/polling.js'
import { startRedisTs } from '../interop/stock.js'
import { binOf, filesBelow, install, type Project, pack } from './project.js'

let tarball: string
let project: Project

beforeAll(() => {
  tarball = pack()
  project = install(tarball, ['ioredis', '@types/node'])
})

const LARGEST_BYTES = 2_000_000
const MOST_FILES = 60

describe('installed in an empty project', () => {
  test('it comes alone, and npm has nothing to warn of', () => {
    expect(project.said.trim()).toMatch(/^added 1 package in \S+$/)
  })

  test('it is small', () => {
    const files = filesBelow(project.package)
    expect(files.length).toBeLessThanOrEqual(MOST_FILES)
    const bytes = files.reduce((sum, file) => sum + statSync(join(project.package, file)).size, 0)
    expect(bytes).toBeLessThanOrEqual(LARGEST_BYTES)
  })

  test('no file names a source map, or another file that is not there', () => {
    for (const file of filesBelow(project.package).filter(name => /\.[cm]?[jt]s$/.test(name))) {
      const text = readFileSync(join(project.package, file), 'utf8')
      expect(text, file).not.toContain('sourceMappingURL')
      for (const [, name] of text.matchAll(/(?:from |import\(|require\()['"](\.[^'"]*)['"]/g)) {
        expect(existsSync(join(project.package, file, '..', name)), `${file}: ${name}`).toBe(true)
      }
    }
  })

  test('what its manifest points at is there', () => {
    const manifest = JSON.parse(readFileSync(join(project.package, 'package.json'), 'utf8'))
    for (const file of JSON.stringify([manifest.main, manifest.types, manifest.exports, manifest.bin]).matchAll(
      /"((?:\.\/|bin\/)[^"]*)"/g,
    )) {
      if (file[1] !== './package.json') expect(existsSync(join(project.package, file[1])), file[1]).toBe(true)
    }
    expect(manifest).not.toHaveProperty('dependencies')
    expect(manifest).not.toHaveProperty('scripts')
  })

  test('the licences of what is in it are in it', () => {
    const licences = readFileSync(join(project.package, 'dist/redis-ts.LICENSES'), 'utf8')
    for (const name of ['redis-parser', 'redis-errors']) expect(licences).toContain(`contains the package ${name}:`)
    expect(readFileSync(join(project.package, 'dist/scripting/lua-5.1.LICENSE'), 'utf8')).toContain('Lua.org, PUC-Rio')
  })
})

const USE = `
  const client = new Redis(server.port)
  await client.set('greeting', 'hello')
  console.log(await client.eval("return cjson.encode({redis.call('GET', KEYS[1])})", 1, 'greeting'))
  client.disconnect()
  await server.close()
`

describe('the library', () => {
  test('is there for require', () => {
    project.write(
      'use.cjs',
      `const { createServer } = require('redis-ts')
       const { Redis } = require('ioredis')
       createServer({ port: 0, save: '' }).then(async server => {${USE}})`,
    )
    expect(project.run(process.execPath, 'use.cjs').stdout).toBe('["hello"]\n')
  })

  test('is there for import', () => {
    project.write(
      'use.mjs',
      `import { createServer } from 'redis-ts'
       import { Redis } from 'ioredis'
       const server = await createServer({ port: 0, save: '' })
       ${USE}`,
    )
    expect(project.run(process.execPath, 'use.mjs').stdout).toBe('["hello"]\n')
  })

  test('is the same for both', () => {
    project.write(
      'both.mjs',
      `import { createRequire } from 'node:module'
       import * as imported from 'redis-ts'
       const required = createRequire(import.meta.url)('redis-ts')
       console.log(Object.keys(imported).length === Object.keys(required).length)
       console.log(Object.entries(required).every(([name, value]) => imported[name] === value))
       console.log('runCommand' in required)`,
    )
    expect(project.run(process.execPath, 'both.mjs').stdout).toBe('true\ntrue\nfalse\n')
  })

  test('has readable stack traces', () => {
    project.write('trace.cjs', `require('redis-ts').createServer({ prot: 1 }).catch(error => console.log(error.stack))`)
    const trace = project.run(process.execPath, 'trace.cjs').stdout
    expect(trace).toMatch(/^TypeError: redis-ts: there is no directive 'prot'/)
    expect(trace).toContain('at settingsOf ')
    expect(trace).toMatch(/at (Object\.)?createServer\d* /)
  })
})

describe('the command', () => {
  const cacheOf = (project: Project) => join(project.package, 'dist/redis-ts.cache')
  const executableOf = (project: Project) => join(project.dir, 'node_modules/.bin/redis-ts')

  test('starts, and keeps what V8 has compiled for the next start', async () => {
    const cache = cacheOf(project)
    const executable = executableOf(project)
    const first = await startRedisTs([], { executable })
    await until('the cache is there', async () => existsSync(cache))
    await first.stop()
    const { ino } = statSync(cache)
    const second = await startRedisTs([], { executable })
    await second.stop()
    expect(statSync(cache).ino).toBe(ino)
    expect(filesBelow(project.package).filter(file => file.includes('cache'))).toEqual([join('dist', 'redis-ts.cache')])
  })

  test('does not take what is damaged, or another build has kept', async () => {
    const executable = executableOf(project)
    const bundle = join(project.package, 'dist/redis-ts.cjs')
    const kept = readFileSync(cacheOf(project))
    const damaged = Buffer.concat([Buffer.alloc(1000, 'x'), kept.subarray(1000)])
    writeFileSync(cacheOf(project), damaged)
    await (await startRedisTs([], { executable })).stop()
    const text = readFileSync(bundle, 'latin1')
    // As long as the other one, which is all that V8 looks at.
    writeFileSync(
      bundle,
      text.replace(/^(.*?)[0-9a-f]{16}\n/, '$1fedcba9876543210\n').replace('Server initialized', 'SERVER INITIALIZED'),
    )
    const changed = await startRedisTs([], { executable })
    await changed.stop()
    expect(changed.log()).toContain('SERVER INITIALIZED')
    writeFileSync(bundle, text, 'latin1')
  })

  test('starts from a folder that nobody may write to', async () => {
    const closed = install(tarball)
    chmodSync(join(closed.package, 'dist'), 0o555)
    const server = await startRedisTs([], { executable: executableOf(closed) })
    expect(await server.stop()).toBe(0)
    chmodSync(join(closed.package, 'dist'), 0o755)
  })
})

describe('the types', () => {
  const OPTIONS = `{ port: 0, save: '', 'appendfsync': 'always', bind: ['127.0.0.1'] }`
  const CHECKED = `
    const server: Promise<RunningServer> = createServer(${OPTIONS} satisfies ServerOptions)
    server.then(({ port, close }) => [port satisfies number, close satisfies () => Promise<void>])
    // @ts-expect-error: no such directive
    createServer({ prot: 1 })
    // @ts-expect-error: for a server with a process of its own
    createServer({ daemonize: true })
  `
  const IMPORT = `import { createServer, type RunningServer, type ServerOptions } from 'redis-ts'\n`

  test.each([
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
    ['preserve', 'bundler'],
  ])('are found with module %s and resolution %s, in ES modules and CommonJS', (module, resolution) => {
    const files = ['types.mts', 'types.ts']
    // A bundler's module option has no CommonJS output for .cts files.
    if (module !== 'esnext') files.push('types.cts')
    for (const file of files) project.write(file, IMPORT + CHECKED)
    const options = ['--module', module, '--moduleResolution', resolution, '--target', 'es2022', '--types', 'node']
    const strict = ['--strict', '--noEmit', '--exactOptionalPropertyTypes', '--ignoreConfig']
    project.run(process.execPath, binOf('typescript', 'tsc'), ...options, ...strict, ...files)
  })

  test('are right for every way to resolve them', () => {
    const { stdout } = project.run(
      process.execPath,
      binOf('@arethetypeswrong/cli', 'attw'),
      tarball,
      '--no-color',
      '--no-emoji',
    )
    expect(stdout).toContain('No problems found')
  })
})

describe('Jest with its defaults', () => {
  test('runs servers in its sandbox, where the errors of Node are of other classes', () => {
    const jest = install(tarball, ['ioredis'])
    jest.write('server.test.js', readFileSync('test/package/in-jest.js', 'utf8'))
    expect(jest.run(process.execPath, binOf('jest')).stderr).toMatch(/Tests: +8 passed, 8 total/)
  })
})
