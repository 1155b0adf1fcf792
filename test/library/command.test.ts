/** server.command(): what a program gets for what it asks. */
import { describe, expect, test } from 'vitest'
import { ReplyError } from '../../src/index.js'
import { clientOf, isSettled, start } from './servers.js'

describe('replies', () => {
  test('of each kind are JavaScript values', async () => {
    const server = await start()
    expect(await server.command('SET', 'text', 'grün')).toBe('OK')
    expect(await server.command('GET', 'text')).toBe('grün')
    expect(await server.command('GET', 'none')).toBe(null)
    expect(await server.command('INCR', 'n')).toBe(1)
    expect(await server.command('LRANGE', 'none', 0, -1)).toEqual([])
    await server.command('HSET', 'hash', 'a', 1, '__proto__', 2)
    const hash = (await server.command('HGETALL', 'hash')) as object
    expect(Object.entries(hash)).toEqual([
      ['a', '1'],
      ['__proto__', '2'],
    ])
    await server.command('SADD', 'set', 'm')
    expect(await server.command('SMEMBERS', 'set')).toEqual(['m'])
    await server.command('ZADD', 'zset', 1.5, 'a', 'inf', 'b', '-inf', 'c')
    expect(await server.command('ZSCORE', 'zset', 'a')).toBe(1.5)
    expect(await server.command('ZRANGE', 'zset', 0, -1, 'WITHSCORES')).toEqual([
      ['c', Number.NEGATIVE_INFINITY],
      ['a', 1.5],
      ['b', Number.POSITIVE_INFINITY],
    ])
    expect(await server.command('EVAL', 'redis.setresp(3) return {true, false, {double=0.5}, 3}', 0)).toEqual([
      true,
      false,
      0.5,
      3,
    ])
    expect(await server.command('BLPOP', 'none', 0.001)).toBe(null)
    expect(await server.command('INFO', 'server')).toContain('redis_version:')
    expect(await server.command('CONFIG', 'GET', 'port')).toEqual({ port: String(server.port) })
  })

  test('of DEBUG PROTOCOL: big numbers, booleans, verbatim texts, sets, maps, nulls', async () => {
    const server = await start({ 'enable-debug-command': 'yes' })
    const protocol = (type: string): Promise<unknown> => server.command('DEBUG', 'PROTOCOL', type)
    expect(await protocol('bignum')).toBe(1234567999999999999999999999999999999n)
    expect(await protocol('true')).toBe(true)
    expect(await protocol('false')).toBe(false)
    expect(await protocol('null')).toBe(null)
    expect(String(await protocol('double'))).toBe('3.141')
    expect(await protocol('verbatim')).toBe('This is a verbatim\nstring')
    expect(await protocol('set')).toEqual([0, 1, 2])
    expect(await protocol('map')).toEqual({ 0: false, 1: true, 2: false })
    expect(await protocol('array')).toEqual([0, 1, 2])
    expect(await protocol('attrib')).toBe('Some real reply following the attribute')
  })

  test('integers that a number would change are bigints', async () => {
    const server = await start()
    expect(await server.command('INCRBY', 'n', 9007199254740991)).toBe(9007199254740991)
    expect(await server.command('INCR', 'n')).toBe(9007199254740992n)
    expect(await server.command('SET', 'n', -9223372036854775807n)).toBe('OK')
    expect(await server.command('DECR', 'n')).toBe(-9223372036854775808n)
    expect(await server.command('GET', 'n')).toBe('-9223372036854775808')
  })

  test('errors reject with their code; within an array they are values', async () => {
    const server = await start()
    await server.command('SET', 'text', 'a')
    const error = await server.command('LPUSH', 'text', 'a').catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ReplyError)
    expect(error).toMatchObject({
      code: 'WRONGTYPE',
      message: 'WRONGTYPE Operation against a key holding the wrong kind of value',
    })
    await server.command('MULTI')
    expect(await server.command('LPUSH', 'text', 'a')).toBe('QUEUED')
    expect(await server.command('GET', 'text')).toBe('QUEUED')
    const [first, second] = (await server.command('EXEC')) as unknown[]
    expect(first).toBeInstanceOf(ReplyError)
    expect(second).toBe('a')
    await expect(server.command('NOSUCH', 'a')).rejects.toThrow(
      "ERR unknown command 'NOSUCH', with args beginning with: 'a'",
    )
  })

  test('as bytes: strings are Buffers, maps are flat arrays, and they stay as they are', async () => {
    const server = await start()
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    await server.command('SET', bytes, new Uint8Array(bytes))
    const value = await server.commandBytes('GET', bytes)
    expect(value).toEqual(bytes)
    await server.command('HSET', 'hash', 'field', bytes)
    expect(await server.commandBytes('HGETALL', 'hash')).toEqual([Buffer.from('field'), bytes])
    await server.command('SET', bytes, 'other')
    await server.commandBytes('GET', bytes)
    expect(value).toEqual(bytes)
  })

  test('come in the order of the commands, however large some are', async () => {
    const server = await start()
    const large = 'x'.repeat(5_000_000)
    const replies = await Promise.all([
      server.command('INCR', 'n'),
      server.command('SET', 'large', large),
      server.command('INCR', 'n'),
      server.command('GET', 'large'),
      server.command('INCR', 'n'),
      ...Array.from({ length: 1000 }, () => server.command('INCR', 'n')),
    ])
    expect(replies.slice(0, 3)).toEqual([1, 'OK', 2])
    expect(replies[3] === large).toBe(true)
    expect(replies.at(-1)).toBe(1003)
    await server.command('RPUSH', 'list', ...Array.from({ length: 50_000 }, (_, i) => i))
    expect(((await server.command('LRANGE', 'list', 0, -1)) as string[]).length).toBe(50_000)
  })
})

describe('arguments', () => {
  test('that are none are named, and nothing runs', async () => {
    const server = await start()
    const command = (...args: unknown[]): Promise<unknown> => server.command(...(args as [string]))
    const right = 'it has to be a string, a number, a bigint or bytes (Buffer, Uint8Array)'
    await expect(command('SET', 'a', null)).rejects.toThrow(
      new TypeError(`redis-ts: argument 2 of SET is null; ${right}`),
    )
    await expect(command('SET', ['a'], 1)).rejects.toThrow(
      new TypeError(`redis-ts: argument 1 of SET is an array; ${right}`),
    )
    await expect(command({}, 1)).rejects.toThrow(
      `redis-ts: the name of the command is a value of type object; ${right}`,
    )
    await expect(command('SET', 'a', undefined)).rejects.toThrow('argument 2 of SET is a value of type undefined')
    await expect(command('SET', 'a', true)).rejects.toThrow('argument 2 of SET is a value of type boolean')
    await expect(command()).rejects.toThrow('redis-ts: command() is given no command')
    await expect(command('')).rejects.toThrow('ERR unknown command')
    expect(await server.command('DBSIZE')).toBe(0)
    expect(await server.command('SET', 'a', 'after')).toBe('OK')
  })

  test('are whatever text and numbers there are', async () => {
    const server = await start()
    for (const value of ['', 'ü', '\u{1f600}'.repeat(40), '\0\r\n', 'a'.repeat(70_000), 'é'.repeat(70_000)]) {
      await server.command('SET', value, value)
      expect((await server.command('GET', value)) === value).toBe(true)
    }
    await server.command('MSET', 'a', 1.5, 'b', -0, 'c', 1e21, 'd', 2n ** 63n)
    expect(await server.command('MGET', 'a', 'b', 'c', 'd')).toEqual(['1.5', '0', '1e+21', '9223372036854775808'])
    const lone = String.fromCharCode(0xd800)
    await server.command('SET', 'lone', lone)
    expect(await server.command('GET', 'lone')).toBe('\ufffd')
  })
})

describe('the connection', () => {
  test('is one: MULTI, SELECT and CLIENT SETNAME hold; those for bytes and texts are two', async () => {
    const server = await start()
    await server.command('CLIENT', 'SETNAME', 'program')
    await server.command('SELECT', 3)
    await server.command('SET', 'a', '1')
    expect(await server.command('CLIENT', 'GETNAME')).toBe('program')
    expect(await server.commandBytes('GET', 'a')).toBe(null)
    expect(await server.command('CLIENT', 'LIST')).toMatch(/name=program .*db=3 /)
  })

  test('may block: what is asked meanwhile comes behind, others serve it', async () => {
    const server = await start()
    const client = await clientOf(server)
    const popped = server.command('BLPOP', 'list', 0)
    const behind = server.command('PING')
    expect(await isSettled(behind)).toBe(false)
    await client.call('RPUSH', 'list', 'a')
    expect(await popped).toEqual(['list', 'a'])
    expect(await behind).toBe('PONG')
  })

  test('needs no password, whatever the rules of users', async () => {
    const server = await start({ requirepass: 'secret' })
    expect(await server.command('ACL', 'WHOAMI')).toBe('default')
    await server.command('ACL', 'SETUSER', 'default', '-@all')
    expect(await server.command('SET', 'a', '1')).toBe('OK')
  })

  test('that is closed is followed by a new one', async () => {
    const server = await start()
    await server.command('QUIT').catch(() => {})
    expect(await server.command('PING')).toBe('PONG')
    const id = await server.command('CLIENT', 'ID')
    const waiting = server.command('BLPOP', 'list', 0)
    expect(await server.commandBytes('CLIENT', 'KILL', 'ID', Number(id))).toBe(1)
    await expect(waiting).rejects.toThrow('redis-ts: the server has closed the connection')
    expect(await server.command('PING')).toBe('PONG')
  })

  test('of a server that is closed is none', async () => {
    const server = await start()
    const waiting = server.command('BLPOP', 'list', 0)
    await server.close()
    await expect(waiting).rejects.toThrow('redis-ts: the server has closed the connection')
    for (const late of [
      server.command('PING'),
      server.commandBytes('PING'),
      server.flush(),
      server.seed({ a: 1 }),
      server.snapshot(),
      server.restore(Buffer.alloc(0)),
    ]) {
      await expect(late).rejects.toThrow('redis-ts: the server is closed')
    }
    expect(() => server.connect()).toThrow('redis-ts: the server is closed')
  })

  test('cannot be one for messages, nor without replies', async () => {
    const server = await start()
    for (const command of [['SUBSCRIBE', 'a'], ['monitor'], ['CLIENT', 'REPLY', 'OFF'], ['PSYNC', '?', -1]] as const) {
      await expect(server.command(...(command as unknown as [string]))).rejects.toThrow('command() cannot take what')
    }
    expect(await server.command('PING')).toBe('PONG')
  })

  test('gets invalidations without taking them for replies', async () => {
    const server = await start()
    await server.command('CLIENT', 'TRACKING', 'ON')
    await server.command('GET', 'a')
    const client = await clientOf(server)
    await client.call('SET', 'a', '1')
    expect(await server.command('GET', 'a')).toBe('1')
  })
})

test('a program that awaits one command after another lets the others of its process have their turn', async () => {
  const server = await start()
  const client = await clientOf(server)
  let over = false
  client.call('SET', 'over', 'yes')
  setTimeout(() => {
    over = true
  }, 1)
  while (!over || (await server.command('GET', 'over')) !== 'yes') await server.command('INCR', 'n')
  expect(Number(await server.command('GET', 'n'))).toBeGreaterThan(0)
})

test('a command from within the serving of another runs behind it', async () => {
  const server = await start()
  const client = await clientOf(server)
  const own: Promise<unknown>[] = []
  server.faults.fail('ping', {
    client: () => {
      own.push(server.command('INCR', 'n'))
      return false
    },
  })
  const replies = await client.pipeline([['PING'], ['SET', 'a', 'value'], ['PING'], ['GET', 'a']])
  expect(replies.map(({ text }) => text)).toEqual(['PONG', 'OK', 'PONG', 'value'])
  expect(await Promise.all(own)).toEqual([1, 2])
})

test('flush() removes keys of all databases, and functions', async () => {
  const server = await start()
  await server.command('SET', 'a', '1')
  await server.command('FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('f', function() return 1 end)")
  await server.command('SELECT', 5)
  await server.command('SET', 'b', '1')
  await server.flush()
  expect(await server.command('INFO', 'keyspace')).toBe('# Keyspace\r\n')
  expect(await server.command('FUNCTION', 'LIST')).toEqual([])
})
