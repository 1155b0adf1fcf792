/** Faults on purpose: what clients see, who is spared, and that all is as before once they end. */
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import type { ClientMatcher, Fault } from '../../src/index.js'
import { clientOf, isSettled, say, start, turns } from './servers.js'

describe('fail', () => {
  test('fails every call until it ends, and the program itself is spared', async () => {
    const server = await start()
    const client = await clientOf(server)
    const fault = server.faults.fail('set')
    expect(await say(client, 'SET', 'key', '1')).toBe('-ERR failed on purpose')
    expect(await say(client, 'set', 'key', '1')).toBe('-ERR failed on purpose')
    expect(await say(client, 'GET', 'key')).toBe('$null')
    expect(await server.command('SET', 'key', 'own')).toBe('OK')
    expect(fault.hits).toBe(2)
    fault.end()
    fault.end()
    expect(await say(client, 'SET', 'key', '1')).toBe('+OK')
    expect(fault.hits).toBe(2)
  })

  test('fails the nth call, and from there on as many as are asked for', async () => {
    const server = await start()
    const client = await clientOf(server)
    using third = server.faults.fail('incr', { nth: 3, error: 'OOM no' })
    const replies = async (count: number): Promise<string[]> =>
      (await client.pipeline(Array.from({ length: count }, () => ['INCR', 'n']))).map(
        ({ type, text }) => `${type}${text}`,
      )
    expect(await replies(5)).toEqual([':1', ':2', '-OOM no', ':3', ':4'])
    expect(third.hits).toBe(1)
    using two = server.faults.fail('incr', { nth: 2, times: 2 })
    expect((await replies(4)).map(text => text[0])).toEqual([':', '-', '-', ':'])
    expect(two.hits).toBe(2)
  })

  test('knows subcommands, whole containers, and any command', async () => {
    const server = await start()
    const client = await clientOf(server)
    const one = server.faults.fail('CONFIG GET')
    expect((await client.call('CONFIG', 'GET', 'port')).type).toBe('-')
    expect(await say(client, 'CONFIG', 'RESETSTAT')).toBe('+OK')
    one.end()
    const all = server.faults.fail('config')
    expect((await client.call('CONFIG', 'RESETSTAT')).type).toBe('-')
    all.end()
    using any = server.faults.fail('*', { error: 'BUSY bœuf' })
    const { text } = await client.call('PING')
    expect(Buffer.from(text ?? '', 'latin1').toString()).toBe('BUSY bœuf')
    expect(any.hits).toBe(1)
  })

  test('does not run the command, counts it as refused, and is not seen by replicas or MONITOR', async () => {
    const server = await start()
    const client = await clientOf(server)
    const seen: string[] = []
    server.on('command', ({ args }) => seen.push(args[0].toLowerCase()))
    using _ = server.faults.fail('lpush')
    await client.call('LPUSH', 'list', 'a')
    expect(await server.command('EXISTS', 'list')).toBe(0)
    await turns()
    expect(seen).not.toContain('lpush')
    expect(await server.command('INFO', 'commandstats')).toMatch(/cmdstat_lpush:calls=0,.*rejected_calls=1/)
  })

  test('in a transaction fails the queueing, and so the transaction; EXEC can be failed itself', async () => {
    const server = await start()
    const client = await clientOf(server)
    const queueing = server.faults.fail('incr', { times: 1 })
    await client.call('MULTI')
    expect(await say(client, 'INCR', 'n')).toBe('-ERR failed on purpose')
    expect(await say(client, 'EXEC')).toMatch(/^-EXECABORT/)
    expect(queueing.hits).toBe(1)
    using _ = server.faults.fail('exec', { times: 1, error: 'ERR no' })
    await client.pipeline([['MULTI'], ['INCR', 'n']])
    expect(await say(client, 'EXEC')).toBe('-EXECABORT Transaction discarded because of: no')
    expect(await say(client, 'INCR', 'n')).toBe(':1')
  })

  test('raises in a script that calls the command', async () => {
    const server = await start()
    const client = await clientOf(server)
    using fault = server.faults.fail('incr', { nth: 2, times: 2, error: 'NOWAY no' })
    const script =
      "local out = {} for i = 1, 4 do local r = redis.pcall('INCR', 'n') out[i] = type(r) == 'table' and r.err or r end return out"
    const { elements } = await client.call('EVAL', script, '0')
    expect(elements?.map(({ text }) => text)).toEqual(['1', 'NOWAY no', 'NOWAY no', '2'])
    expect(fault.hits).toBe(2)
    using again = server.faults.fail('incr')
    expect(await say(client, 'EVAL', "return redis.call('INCR', 'n')", '0')).toMatch(/^-ERR failed on purpose script: /)
    expect(await server.command('EVAL', "return redis.call('INCR', 'n')", 0)).toBe(3)
    expect(again.hits).toBe(1)
  })

  test('a blocking command that waits is not asked again', async () => {
    const server = await start()
    const client = await clientOf(server)
    using fault = server.faults.fail('blpop', { nth: 2 })
    const waiting = client.call('BLPOP', 'list', '0')
    await turns()
    await server.command('RPUSH', 'list', 'a')
    expect((await waiting).elements?.[1].text).toBe('a')
    expect((await client.call('BLPOP', 'list', '0')).type).toBe('-')
    expect(fault.hits).toBe(1)
  })

  test('the first of two ends the call, and the other does not count it', async () => {
    const server = await start()
    const client = await clientOf(server)
    using first = server.faults.fail('get', { error: 'ONE first', times: 1 })
    using second = server.faults.fail('*', { error: 'TWO second', nth: 1 })
    expect(await say(client, 'GET', 'a')).toBe('-ONE first')
    expect(second.hits).toBe(0)
    expect(await say(client, 'GET', 'a')).toBe('-TWO second')
    expect(await say(client, 'GET', 'a')).toBe('$null')
    expect([first.hits, second.hits]).toEqual([1, 1])
  })

  test('muted clients stay muted', async () => {
    const server = await start()
    const client = await clientOf(server)
    using fault = server.faults.fail('set')
    client.write(['CLIENT', 'REPLY', 'OFF'], ['SET', 'a', '1'], ['CLIENT', 'REPLY', 'ON'])
    expect((await client.next()).text).toBe('OK')
    expect(fault.hits).toBe(1)
  })
})

describe('which clients', () => {
  test('by id, by name, by address, by a function', async () => {
    const server = await start()
    const [a, b] = [await clientOf(server, 'a'), await clientOf(server, 'b')]
    const id = Number((await b.call('CLIENT', 'ID')).text)
    const address = / addr=(\S+)/.exec((await b.call('CLIENT', 'INFO')).text ?? '')?.[1] ?? ''
    const matchers: ClientMatcher[] = [
      { id },
      { name: 'b' },
      { address },
      client => client.name === 'b' && client.user === 'default' && client.type === 'normal' && client.id === id,
    ]
    for (const client of matchers) {
      using fault = server.faults.fail('ping', { client })
      expect(await say(a, 'PING')).toBe('+PONG')
      expect((await b.call('PING')).type).toBe('-')
      expect(await server.command('PING')).toBe('PONG')
      expect(fault.hits).toBe(1)
    }
  })

  test("the program's own connection only when that is asked for", async () => {
    const server = await start()
    const id = Number(await server.command('CLIENT', 'ID'))
    const own: Fault[] = [
      server.faults.fail('get', { own: true }),
      server.faults.fail('mget', { client: { id } }),
      server.faults.fail('strlen', { client: () => true, own: true }),
    ]
    await expect(server.command('GET', 'a')).rejects.toThrow('ERR failed on purpose')
    await expect(server.command('MGET', 'a')).rejects.toThrow('ERR failed on purpose')
    await expect(server.command('STRLEN', 'a')).rejects.toThrow('ERR failed on purpose')
    expect(own.map(({ hits }) => hits)).toEqual([1, 1, 1])
    server.faults.fail('exists', { client: () => true })
    expect(await server.command('EXISTS', 'a')).toBe(0)
    server.faults.end()
    expect(await server.command('GET', 'a')).toBe(null)
  })
})

describe('delay', () => {
  test("holds a client up by the server's clock, with all that it has sent behind; others go on", async () => {
    const server = await start({ clock: 'manual' })
    const [slow, quick] = [await clientOf(server), await clientOf(server)]
    using fault = server.faults.delay('get', 100, { client: { id: Number((await slow.call('CLIENT', 'ID')).text) } })
    const replies = slow.pipeline([
      ['SET', 'key', '1'],
      ['GET', 'key'],
      ['INCR', 'key'],
      ['GET', 'key'],
    ])
    await turns()
    expect(await say(quick, 'GET', 'key')).toBe('$1')
    expect(await say(quick, 'SET', 'key', '5')).toBe('+OK')
    await server.clock.advance(99)
    expect(await isSettled(replies)).toBe(false)
    expect(await server.command('GET', 'key')).toBe('5')
    await server.clock.advance(1)
    await turns()
    expect(await server.command('GET', 'key')).toBe('6')
    expect(await isSettled(replies)).toBe(false)
    await server.clock.advance(100)
    expect((await replies).map(({ text }) => text)).toEqual(['OK', '5', '6', '6'])
    expect(fault.hits).toBe(2)
  })

  test('with the time of the system', async () => {
    const server = await start()
    const client = await clientOf(server)
    using _ = server.faults.delay('ping', 30)
    const before = performance.now()
    expect(await say(client, 'PING')).toBe('+PONG')
    expect(performance.now() - before).toBeGreaterThan(25)
  })

  test('ends early when it is ended, however long it would have been', async () => {
    const server = await start()
    const client = await clientOf(server)
    const fault = server.faults.delay('ping', Number.POSITIVE_INFINITY)
    const reply = client.call('PING')
    expect(await isSettled(reply)).toBe(false)
    fault.end()
    expect((await reply).text).toBe('PONG')
    expect(await say(client, 'PING')).toBe('+PONG')
  })

  test('add up, and a failure follows behind them', async () => {
    const server = await start({ clock: 'manual' })
    const client = await clientOf(server)
    server.faults.delay('get', 10)
    server.faults.delay('*', 20)
    server.faults.fail('get', { error: 'ERR late' })
    const reply = say(client, 'GET', 'a')
    await turns()
    await server.clock.advance(29)
    expect(await isSettled(reply)).toBe(false)
    await server.clock.advance(1)
    expect(await reply).toBe('-ERR late')
  })

  test('a client that goes meanwhile is gone, and its command does not run', async () => {
    const server = await start({ clock: 'manual' })
    const client = await clientOf(server)
    using fault = server.faults.delay('set', 50)
    client.write(['SET', 'key', '1'])
    await turns()
    expect(fault.hits).toBe(1)
    const gone = new Promise(resolve => server.on('disconnection', resolve))
    client.close()
    await gone
    await server.clock.advance(100)
    expect(await server.command('EXISTS', 'key')).toBe(0)
    expect(server.clock.timerCount).toBe(0)
  })

  test('a pause that begins meanwhile holds up longer, and the failure behind it still comes', async () => {
    const server = await start({ clock: 'manual' })
    const client = await clientOf(server)
    server.faults.delay('set', 50, { times: 1 })
    server.faults.fail('set', { times: 1 })
    const reply = say(client, 'SET', 'key', '1')
    await turns()
    await server.command('CLIENT', 'PAUSE', 100, 'WRITE')
    await server.clock.advance(60)
    expect(await isSettled(reply)).toBe(false)
    await server.clock.advance(60)
    expect(await reply).toBe('-ERR failed on purpose')
    expect(await say(client, 'SET', 'key', '1')).toBe('+OK')
  })

  test('a server with commands that wait closes', async () => {
    const server = await start()
    const client = await clientOf(server)
    server.faults.delay('ping', Number.POSITIVE_INFINITY)
    client.write(['PING'])
    await turns()
    await server.close()
    await client.closed()
  })

  test('the delayed command of a transaction is queued later', async () => {
    const server = await start({ clock: 'manual' })
    const client = await clientOf(server)
    using _ = server.faults.delay('incr', 10)
    const replies = client.pipeline([['MULTI'], ['INCR', 'a'], ['EXEC']])
    await turns()
    expect(await isSettled(replies)).toBe(false)
    await server.clock.advance(10)
    const [, queued, exec] = await replies
    expect(queued.text).toBe('QUEUED')
    expect(exec.elements?.[0].text).toBe('1')
  })
})

describe('disconnect', () => {
  test('cuts the connection before the command runs; replies to what came before are there', async () => {
    const server = await start()
    const client = await clientOf(server)
    using fault = server.faults.disconnect('incr', { nth: 2 })
    client.write(['INCR', 'n'], ['INCR', 'n'], ['INCR', 'n'])
    expect((await client.next()).text).toBe('1')
    await client.closed()
    expect(await server.command('GET', 'n')).toBe('1')
    expect(fault.hits).toBe(1)
    const again = await clientOf(server)
    expect(await say(again, 'INCR', 'n')).toBe(':2')
  })

  test('with `after` the command has run, and only its reply is lost', async () => {
    const server = await start()
    const client = await clientOf(server)
    using _ = server.faults.disconnect('exec', { after: true, times: 1 })
    client.write(['MULTI'], ['INCR', 'n'], ['EXEC'])
    expect((await client.next()).text).toBe('OK')
    expect((await client.next()).text).toBe('QUEUED')
    await client.closed()
    expect(await server.command('GET', 'n')).toBe('1')
  })

  test('a long reply, and a command that would wait, are cut as well', async () => {
    const server = await start()
    await server.command('SADD', 'set', ...Array.from({ length: 30_000 }, (_, i) => i))
    const [reader, waiter] = [await clientOf(server), await clientOf(server)]
    using _ = server.faults.disconnect('*', { after: true })
    reader.write(['SMEMBERS', 'set'])
    await reader.closed()
    waiter.write(['BLPOP', 'list', '0'])
    await waiter.closed()
    expect(await server.command('RPUSH', 'list', 'a')).toBe(1)
  })
})

describe('connections', () => {
  test('cut closes those that are there, and new ones come', async () => {
    const server = await start()
    const [a, b] = [await clientOf(server, 'a'), await clientOf(server, 'b')]
    expect(server.faults.cut({ name: 'a' }).hits).toBe(1)
    await a.closed()
    expect(await say(b, 'PING')).toBe('+PONG')
    expect(server.faults.cut().hits).toBe(1)
    await b.closed()
    expect(await say(await clientOf(server), 'PING')).toBe('+PONG')
    expect(await server.command('PING')).toBe('PONG')
  })

  test("the program's own can be cut: what waits is rejected, and the next command has a new one", async () => {
    const server = await start()
    const waiting = server.command('BLPOP', 'list', 0)
    expect(server.faults.cut('all', { own: true }).hits).toBe(1)
    await expect(waiting).rejects.toThrow('closed the connection')
    expect(await server.command('PING')).toBe('PONG')
  })

  test('a frozen one gets and takes nothing until it is let go; then everything, in order', async () => {
    const server = await start()
    const [frozen, other] = [await clientOf(server, 'frozen'), await clientOf(server)]
    await frozen.call('SUBSCRIBE', 'news')
    const fault = server.faults.freeze({ name: 'frozen' })
    expect(fault.hits).toBe(1)
    const message = frozen.next()
    const pong = frozen.next()
    expect(await say(other, 'PUBLISH', 'news', 'hello')).toBe(':1')
    frozen.write(['PING'])
    expect(await isSettled(message)).toBe(false)
    fault.end()
    expect((await message).elements?.map(({ text }) => text)).toEqual(['message', 'news', 'hello'])
    expect((await pong).elements?.[0].text).toBe('pong')
  })

  test('a frozen one that waits for a key, and a long reply, are finished later', async () => {
    const server = await start()
    await server.command('RPUSH', 'long', ...Array.from({ length: 2000 }, () => 'x'.repeat(4000)))
    const [waiter, reader] = [await clientOf(server), await clientOf(server)]
    const popped = waiter.call('BLPOP', 'list', '0')
    const range = reader.call('LRANGE', 'long', '0', '-1')
    await turns(2)
    const fault = server.faults.freeze()
    await server.command('RPUSH', 'list', 'a')
    expect(await isSettled(popped)).toBe(false)
    fault.end()
    expect((await popped).elements?.[1].text).toBe('a')
    expect((await range).elements?.length).toBe(2000)
    expect(await say(reader, 'PING')).toBe('+PONG')
  })

  test('those who come while all are frozen are frozen, and two freezes end with the second', async () => {
    const server = await start()
    const first = server.faults.freeze()
    const client = await clientOf(server)
    const second = server.faults.freeze()
    const reply = client.call('PING')
    await turns()
    first.end()
    expect(await isSettled(reply)).toBe(false)
    second.end()
    expect((await reply).text).toBe('PONG')
    expect([first.hits, second.hits]).toEqual([1, 1])
  })

  test('connect() is frozen as others are; a server with frozen clients closes', async () => {
    const server = await start()
    const fault = server.faults.freeze()
    const client = new Redis({ Connector: connectorOf(server) as never })
    client.on('error', () => {})
    const reply = client.set('a', '1')
    expect(await isSettled(reply)).toBe(false)
    fault.end()
    expect(await reply).toBe('OK')
    server.faults.freeze()
    const ended = new Promise(resolve => client.once('end', resolve))
    client.options.retryStrategy = () => null
    await server.close()
    await ended
  })

  test('refused ones fail as where nobody listens, and the port is the same afterwards', async () => {
    const server = await start()
    const { port } = server
    const before = await clientOf(server)
    const fault = server.faults.refuseConnections()
    await expect(clientOf(server)).rejects.toThrow('ECONNREFUSED')
    expect(await say(before, 'PING')).toBe('+PONG')
    const stream = server.connect()
    await expect(new Promise((_, reject) => stream.once('error', reject))).rejects.toThrow('ECONNREFUSED')
    expect(fault.hits).toBe(1)
    expect(server.port).toBe(port)
    fault.end()
    expect(await say(await clientOf(server), 'PING')).toBe('+PONG')
  })

  test('a server that refuses connections closes, and its port is free', async () => {
    const server = await start()
    const { port } = server
    server.faults.refuseConnections()
    await server.close()
    const next = await start({ port })
    expect(next.port).toBe(port)
  })

  test('a server that refuses connections can be told to listen elsewhere, and turns them away there', async () => {
    const [server, other] = [await start(), await start()]
    const { port } = other
    await other.close()
    const fault = server.faults.refuseConnections()
    await server.command('CONFIG', 'SET', 'port', port)
    const turnedAway = await clientOf(server)
    await turnedAway.closed()
    fault.end()
    expect(await say(await clientOf(server), 'PING')).toBe('+PONG')
  })
})

/** What ioredis makes its connections by. */
function connectorOf(server: { connect(): unknown }): unknown {
  return class {
    connect(): Promise<unknown> {
      return Promise.resolve(server.connect())
    }
    disconnect(): void {}
    check(): boolean {
      return true
    }
  }
}

describe('states', () => {
  test('loading: what Redis refuses then is refused, INFO says so, and ioredis waits for the end of it', async () => {
    const server = await start()
    const client = await clientOf(server)
    const fault = server.faults.loading()
    const text = '-LOADING Redis is loading the dataset in memory'
    expect(await say(client, 'GET', 'a')).toBe(text)
    expect(await say(client, 'PING')).toBe(text)
    expect(await say(client, 'EVAL', 'return 1', '0')).toBe(text)
    expect(fault.hits).toBe(3)
    expect((await client.call('INFO', 'persistence')).text).toMatch(/^loading:1\r$/m)
    expect(await say(client, 'CONFIG', 'RESETSTAT')).toBe('+OK')
    expect(await server.command('SET', 'a', '1')).toBe('OK')
    const redis = new Redis(server.port, { maxLoadingRetryTime: 10 })
    const value = redis.get('a')
    expect(await isSettled(value)).toBe(false)
    fault.end()
    expect(await value).toBe('1')
    redis.disconnect()
  })

  test('readonly: writes are refused, in transactions and scripts too', async () => {
    const server = await start()
    await server.command('SET', 'a', '1')
    const client = await clientOf(server)
    using fault = server.faults.readonly()
    const text = "-READONLY You can't write against a read only replica."
    expect(await say(client, 'SET', 'a', '2')).toBe(text)
    expect(await say(client, 'GET', 'a')).toBe('$1')
    await client.call('MULTI')
    expect(await say(client, 'SET', 'a', '2')).toBe(text)
    expect(await say(client, 'EXEC')).toMatch(/^-EXECABORT/)
    expect(await say(client, 'EVAL', "return redis.call('SET', 'a', '2')", '0')).toMatch(
      /^-READONLY You can't write against a read only replica\. script: /,
    )
    expect(await say(client, 'EVAL', "return redis.call('GET', 'a')", '0')).toBe('$1')
    expect(await say(client, 'EVAL', '#!lua\nreturn 1', '0')).toBe(text)
    expect(await server.command('EVAL', "return redis.call('SET', 'a', '3')", 0)).toBe('OK')
    expect(fault.hits).toBe(4)
  })

  test('a transaction that was queued before is refused as a whole', async () => {
    const server = await start()
    const client = await clientOf(server)
    await client.pipeline([['MULTI'], ['SET', 'a', '1']])
    using _ = server.faults.readonly()
    expect(await say(client, 'EXEC')).toBe(
      "-EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.",
    )
  })

  test('outOfMemory: what takes memory is refused, what gives it back is not', async () => {
    const server = await start()
    await server.command('SET', 'a', '1')
    const client = await clientOf(server)
    const fault = server.faults.outOfMemory()
    const text = "-OOM command not allowed when used memory > 'maxmemory'."
    expect(await say(client, 'SET', 'a', '2')).toBe(text)
    expect(await say(client, 'GET', 'a')).toBe('$1')
    expect(await say(client, 'DEL', 'a')).toBe(':1')
    expect(await say(client, 'EVAL', "return redis.call('SET', 'a', '2')", '0')).toMatch(/^-OOM .*script: /)
    expect(await say(client, 'EVAL', '#!lua\nreturn 1', '0')).toBe(text)
    expect(await server.command('EVAL', "return redis.call('SET', 'a', '3')", 0)).toBe('OK')
    await client.call('MULTI')
    expect(await say(client, 'GET', 'a')).toBe(text)
    await client.call('DISCARD')
    expect(fault.hits).toBe(4)
    fault.end()
    expect(await say(client, 'EVAL', "return redis.call('SET', 'a', '2')", '0')).toBe('+OK')
    expect(await server.command('DBSIZE')).toBe(1)
  })

  test('outOfMemory beside a maxmemory that is far away', async () => {
    const server = await start({ maxmemory: '100mb' })
    const [a, b] = [await clientOf(server, 'a'), await clientOf(server, 'b')]
    using _ = server.faults.outOfMemory({ client: { name: 'a' } })
    expect((await a.call('SET', 'a', '2')).type).toBe('-')
    expect(await say(b, 'EVAL', "return redis.call('SET', 'a', '2')", '0')).toBe('+OK')
  })

  test('misconf: writes and PING are refused as after a failed save, or a failed write of the append-only file', async () => {
    const server = await start()
    const client = await clientOf(server)
    const saves = server.faults.misconf()
    expect(await say(client, 'SET', 'a', '1')).toMatch(/^-MISCONF Redis is configured to save RDB snapshots, but it is/)
    expect(await say(client, 'PING')).toMatch(/^-MISCONF/)
    expect(await say(client, 'GET', 'a')).toBe('$null')
    expect((await client.call('INFO', 'persistence')).text).toMatch(/^rdb_last_bgsave_status:err\r$/m)
    expect(await say(client, 'EVAL', "return redis.call('SET', 'a', '2')", '0')).toMatch(/^-MISCONF .*script: /)
    expect(await say(client, 'EVAL', '#!lua\nreturn 1', '0')).toMatch(/^-MISCONF/)
    expect(saves.hits).toBe(4)
    saves.end()
    using appends = server.faults.misconf({ file: 'aof' })
    expect(await say(client, 'SET', 'a', '1')).toBe('-MISCONF Errors writing to the AOF file: No space left on device')
    expect((await client.call('INFO', 'persistence')).text).toMatch(/^aof_last_write_status:err\r$/m)
    expect(appends.hits).toBe(1)
  })

  test("several at once are refused in Redis's order", async () => {
    const server = await start()
    const client = await clientOf(server)
    const code = async (): Promise<string> => ((await client.call('SET', 'a', '1')).text ?? '').split(' ')[0]
    const states = [
      server.faults.loading(),
      server.faults.readonly(),
      server.faults.misconf(),
      server.faults.outOfMemory(),
      server.faults.fail('set'),
    ]
    const seen: string[] = []
    for (const [state, expected] of [
      [states[3], 'OOM'],
      [states[2], 'MISCONF'],
      [states[1], 'READONLY'],
      [states[0], 'LOADING'],
      [states[4], 'ERR'],
    ] as const) {
      seen.push(await code())
      expect(seen.at(-1)).toBe(expected)
      state.end()
    }
    expect(await code()).toBe('OK')
  })
})

test('each has a mistake named', async () => {
  const { faults } = await start()
  const wrong = (what: () => unknown, text: string): void => expect(what).toThrow(new TypeError(`redis-ts: ${text}`))
  const any = faults as unknown as Record<string, (...args: unknown[]) => unknown>
  wrong(() => faults.fail('gte'), "faults.fail: there is no command 'gte'. Did you mean 'get'?")
  wrong(() => faults.fail('config gte'), "faults.fail: there is no command 'config gte'. Did you mean 'config|get'?")
  wrong(() => any.fail(7), "faults.fail: command is 7; right would be a command's name, or '*' for any")
  wrong(() => faults.fail('get', { nth: 0 }), 'faults.fail: nth is 0; right would be a whole number from 1 on')
  wrong(() => faults.fail('get', { times: 1.5 }), 'faults.fail: times is 1.5; right would be a whole number from 1 on')
  wrong(
    () => faults.fail('get', { error: '-ERR a\r\nb' }),
    "faults.fail: error is \"-ERR a\\r\\nb\"; right would be an error's code and text in one line, such as 'ERR no'",
  )
  wrong(() => any.fail('get', { nht: 1 }), "faults.fail: there is no option 'nht': did you mean 'nth'?")
  wrong(() => any.fail('get', 3), 'faults.fail: options is 3; right would be an object')
  wrong(() => any.delay('get', '1'), 'faults.delay: ms is "1"; right would be a number of milliseconds, or Infinity')
  wrong(() => faults.delay('get', -1), 'faults.delay: ms is -1; right would be a number of milliseconds, or Infinity')
  wrong(() => any.disconnect('get', { after: 1 }), 'faults.disconnect: after is 1; right would be true or false')
  const clients = "'all', { id }, { name }, { address } or a function"
  wrong(() => any.freeze({ ip: 1 }), `faults.freeze: client is an object with ip; right would be ${clients}`)
  wrong(() => any.cut('some'), `faults.cut: client is "some"; right would be ${clients}`)
  wrong(
    () => any.loading({ client: { id: '1' } }),
    `faults.loading: client is an object with id; right would be ${clients}`,
  )
  wrong(() => any.misconf({ file: 'x' }), "faults.misconf: file is \"x\"; right would be 'rdb' or 'aof'")
  wrong(() => any.outOfMemory({ owm: 1 }), "faults.outOfMemory: there is no option 'owm': did you mean 'own'?")
})

test('a server without faults in force asks nothing of them', async () => {
  const server = await start()
  const client = await clientOf(server)
  let asked = 0
  const fault = server.faults.fail('get', {
    client: () => {
      asked++
      return false
    },
  })
  await client.call('GET', 'a')
  await client.call('SET', 'a', '1')
  expect(asked).toBe(1)
  fault.end()
  await client.call('GET', 'a')
  expect(asked).toBe(1)
})
