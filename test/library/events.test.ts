/** What a program hears of its servers, and that a server which nobody closes keeps no process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { type CommandEvent, type ConnectionEvent, createServer, type LogEvent } from '../../src/index.js'
import { clientOf, start, turns } from './servers.js'

describe('events', () => {
  test('each command that is executed, with who sent it, and passwords left out', async () => {
    const server = await start()
    const client = await clientOf(server)
    const seen: CommandEvent[] = []
    const listener = (event: CommandEvent): void => void seen.push(event)
    server.on('command', listener)
    await client.pipeline([
      ['SELECT', '2'],
      ['SET', 'key', 'grün'.replace('ü', '\xc3\xbc')],
      ['AUTH', 'me', 'secret'],
    ])
    await client.call('EVAL', "return redis.call('GET', KEYS[1])", '1', 'key')
    await server.command('PING')
    await turns()
    expect(seen.map(({ args, database }) => [database, ...args])).toEqual([
      [2, 'SELECT', '2'],
      [2, 'SET', 'key', 'grün'],
      [2, 'AUTH', '(redacted)', '(redacted)'],
      [2, 'EVAL', "return redis.call('GET', KEYS[1])", '1', 'key'],
      [2, 'GET', 'key'],
      [0, 'PING'],
    ])
    expect(seen.map(({ client }) => client.replace(/:\d+$/, ''))).toEqual([
      '127.0.0.1',
      '127.0.0.1',
      '127.0.0.1',
      '127.0.0.1',
      'lua',
      '127.0.0.1',
    ])
    expect(Math.abs((seen[0].time ?? 0) - Date.now())).toBeLessThan(60_000)
    server.off('command', listener)
    await client.call('PING')
    await turns()
    expect(seen.length).toBe(6)
  })

  test('connections that come and go', async () => {
    const server = await start()
    const seen: string[] = []
    const ids: number[] = []
    server.on('connection', ({ id, address }: ConnectionEvent) => {
      ids.push(id)
      seen.push(`+${address.replace(/\d+$/, '')}`)
    })
    server.on('disconnection', ({ id }) => seen.push(`-${ids.indexOf(id)}`))
    const client = await clientOf(server)
    await client.call('PING')
    const gone = new Promise(resolve => server.on('disconnection', resolve))
    client.close()
    await gone
    expect(seen).toEqual(['+127.0.0.1:', '-0'])
  })

  test('lines of the log, though none is written', async () => {
    const server = await start()
    const lines: LogEvent[] = []
    server.on('log', line => lines.push(line))
    await server.command('BGSAVE')
    while (!lines.some(({ text }) => text.includes('terminated with success'))) await turns(1)
    expect(lines[0]).toEqual({ level: 'notice', text: `Background saving started by pid ${process.pid}` })
  })

  test('a listener that is there twice hears twice; several of one kind hear all', async () => {
    const server = await start()
    const seen: string[] = []
    const a = (): void => void seen.push('a')
    const b = (): void => void seen.push('b')
    server.on('command', a).on('command', b)
    await server.command('PING')
    await turns()
    server.off('command', a)
    await server.command('PING')
    await turns()
    server.off('command', b).off('command', b)
    await server.command('PING')
    await turns()
    expect(seen).toEqual(['a', 'b', 'b'])
  })

  test('a listener may use the server', async () => {
    const server = await start()
    const client = await clientOf(server)
    server.on('command', ({ args }) => {
      if (args[0] === 'SET') void server.command('INCR', 'writes')
    })
    await client.pipeline([
      ['SET', 'a', '1'],
      ['SET', 'b', '2'],
    ])
    await turns()
    expect(await server.command('GET', 'writes')).toBe('2')
  })

  test('names that are none are mistakes', async () => {
    const server = await start()
    expect(() => server.on('comand' as 'command', () => {})).toThrow(
      "redis-ts: there is no event 'comand': it is one of command, connection, disconnection, log",
    )
  })
})

test('`await using` closes, and leaves no folder behind', async () => {
  let dir = ''
  let closed: Promise<void>
  {
    await using server = await createServer()
    dir = ((await server.command('CONFIG', 'GET', 'dir')) as { dir: string }).dir
    expect(existsSync(dir)).toBe(true)
    closed = server.closed
  }
  await closed
  expect(existsSync(dir)).toBe(false)
})

test('close() twice, and at once, is once', async () => {
  const server = await start()
  await Promise.all([server.close(), server.close()])
  await server.close()
  await server.closed
})

/** Runs a program with the library; resolves with its exit code and what it said. */
async function run(program: string): Promise<[code: number, output: string]> {
  const library = pathToFileURL(join(process.cwd(), 'dist', 'index.js')).href
  const source = `import { createServer } from ${JSON.stringify(library)}\nimport net from 'node:net'\n${program}`
  const child = spawn('node', ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  const watchdog = setTimeout(() => child.kill('SIGKILL'), 20_000)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = (await once(child, 'close')) as [number]
  clearTimeout(watchdog)
  return [code, output]
}

describe('unref()', () => {
  test('a forgotten server lets its process end', async () => {
    const program =
      "const server = await createServer()\nserver.unref()\nconsole.log(await server.command('SET', 'a', 1))"
    expect(await run(program)).toEqual([0, 'OK\n'])
  })

  test('with clients, what waits, events, a replica and faults', async () => {
    const program = `
      const server = (await createServer({ 'repl-diskless-sync-delay': 0 })).unref()
      server.on('command', () => {})
      const socket = net.connect(server.port, '127.0.0.1').unref()
      await new Promise(resolve => socket.once('connect', resolve))
      socket.write('BLPOP list 100\\r\\n')
      const replica = (await createServer({ replicaof: ['127.0.0.1', server.port] })).unref()
      while ((await replica.command('GET', 'a').catch(() => null)) !== '1') await server.command('SET', 'a', 1)
      server.command('BLPOP', 'list', 100)
      server.faults.delay('get', 100_000)
      socket.write('GET a\\r\\n')
      server.connect().write('BLPOP list 100\\r\\n')
      console.log('end')`
    expect(await run(program)).toEqual([0, 'end\n'])
  })

  test('with files that are written', async () => {
    const program = `
      import { mkdtempSync, rmSync } from 'node:fs'
      const dir = mkdtempSync('/tmp/redis-ts-unref-')
      process.on('exit', () => rmSync(dir, { recursive: true }))
      const server = (await createServer({ dir, appendonly: true, save: [3600, 1] })).unref()
      for (let i = 0; i < 1000; i++) await server.command('SET', 'a' + i, 1)
      await server.command('BGSAVE')
      console.log('end')`
    expect(await run(program)).toEqual([0, 'end\n'])
  })

  test('ref() holds it again until it is closed', async () => {
    const program = `
      const server = (await createServer()).unref().ref()
      setTimeout(() => { console.log('still here'); server.close() }, 50).unref()`
    expect(await run(program)).toEqual([0, 'still here\n'])
  })
})
