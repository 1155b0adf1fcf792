import { createHash } from 'node:crypto'
import { Redis, type Result } from 'ioredis'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../stock.js'
import { closeAfterEach } from './closing.js'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    addUpTo(key: string, limit: number): Result<number, Context>
    /** The number of keys comes first. */
    joined(keys: number, ...keysAndWords: string[]): Result<string[], Context>
    bytesOf(key: string): Result<string, Context>
    bytesOfBuffer(key: string | Buffer): Result<Buffer, Context>
    failing(key: string): Result<never, Context>
  }
}

const ADD_UP_TO = `
local count = redis.call('INCR', KEYS[1])
if count > tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1])
  return -1
end
return count`

const SCRIPTS = {
  addUpTo: { numberOfKeys: 1, lua: ADD_UP_TO },
  joined: { lua: `return { table.concat(KEYS, ','), table.concat(ARGV, ',') }` },
  bytesOf: { numberOfKeys: 1, lua: `return redis.call('GET', KEYS[1])`, readOnly: true },
  failing: { numberOfKeys: 1, lua: `return redis.call('LPUSH', KEYS[1], 'a')` },
}

describe.each([2, 3] as const)('commands that are defined with ioredis, in RESP%i', protocol => {
  const closed = closeAfterEach()
  let port = 0
  let redis: Redis
  /** The commands the server has run, and how often. */
  let ran: (name: string) => Promise<number>

  beforeAll(async () => {
    ;({ port } = await startRedisTs(['--save', '']))
  })
  beforeEach(async () => {
    redis = new Redis(port, { protocol, scripts: SCRIPTS })
    closed({ close: () => redis.quit() })
    await redis.flushall()
    await redis.script('FLUSH')
    await redis.config('RESETSTAT')
    ran = async name =>
      Number(/calls=(\d+)/.exec((await redis.info('commandstats')).match(`cmdstat_${name}:.*`)?.[0] ?? '')?.[1] ?? 0)
  })

  test('the text is sent once, then its digest', async () => {
    expect(await redis.addUpTo('count', 2)).toBe(1)
    expect(await redis.addUpTo('count', 2)).toBe(2)
    expect(await redis.addUpTo('count', 2)).toBe(-1)
    expect(await redis.get('count')).toBe('2')
    expect([await ran('eval'), await ran('evalsha')]).toEqual([1, 2])
    expect(await redis.script('EXISTS', createHash('sha1').update(ADD_UP_TO).digest('hex'))).toEqual([1])
  })

  test('the text is sent again when the server has forgotten it', async () => {
    await redis.addUpTo('count', 9)
    await redis.script('FLUSH', 'ASYNC')
    expect(await redis.addUpTo('count', 9)).toBe(2)
    expect(await redis.addUpTo('count', 9)).toBe(3)
    expect(await ran('eval')).toBe(2)
  })

  test('with as many keys as a call says, buffers, and a prefix', async () => {
    expect(await redis.joined(2, 'a', 'b', 'c')).toEqual(['a,b', 'c'])
    expect(await redis.joined(0, 'a', 'b')).toEqual(['', 'a,b'])
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    await redis.set(bytes, bytes)
    expect(await redis.bytesOfBuffer(bytes)).toEqual(bytes)
    const prefixed = new Redis(port, { keyPrefix: 'app:', protocol, scripts: SCRIPTS })
    closed({ close: () => prefixed.quit() })
    expect(await prefixed.joined(1, 'a', 'b')).toEqual(['app:a', 'b'])
  })

  test('in a pipeline, whose scripts are looked up first', async () => {
    const results = await redis
      .pipeline()
      .addUpTo('count', 2)
      .addUpTo('count', 2)
      .failing('count')
      .get('count')
      .addUpTo('count', 2)
      .exec()
    expect(results?.map(([error, result]) => error?.message.slice(0, 9) ?? result)).toEqual([
      1,
      2,
      'WRONGTYPE',
      '2',
      -1,
    ])
    await redis.script('FLUSH')
    expect(await redis.pipeline().addUpTo('count', 9).addUpTo('count', 9).exec()).toEqual([
      [null, 3],
      [null, 4],
    ])
  })

  test('in a transaction: with scripts it runs as one, an error of one leaves the others', async () => {
    const results = await redis.multi().set('count', 5).addUpTo('count', 9).failing('count').addUpTo('count', 9).exec()
    expect(results?.map(([error, result]) => error?.message.slice(0, 9) ?? result)).toEqual(['OK', 6, 'WRONGTYPE', 7])
    const digest = createHash('sha1').update('unknown').digest('hex')
    const unknown = await redis.multi().set('count', 1).evalsha(digest, 0).incr('count').exec()
    expect(unknown?.map(([error, result]) => error?.message ?? result)).toEqual([
      'OK',
      'NOSCRIPT No matching script. Please use EVAL.',
      2,
    ])
  })

  test('a script that only reads is refused a write', async () => {
    await expect(redis.call('EVAL_RO', SCRIPTS.failing.lua, '1', 'key')).rejects.toThrow(
      'ERR Write commands are not allowed from read-only scripts.',
    )
    await redis.set('key', 'value')
    expect(await redis.bytesOf('key')).toBe('value')
  })

  test('an error names the script, and where in it', async () => {
    await redis.set('key', 'value')
    const digest = createHash('sha1').update(SCRIPTS.failing.lua).digest('hex')
    await expect(redis.failing('key')).rejects.toThrow(
      `WRONGTYPE Operation against a key holding the wrong kind of value script: ${digest}, on @user_script:1.`,
    )
    await expect(redis.eval('return nosuch', 0)).rejects.toThrow(
      /^ERR user_script:1: Script attempted to access nonexistent global variable 'nosuch' script: [0-9a-f]{40}, on @user_script:1\.$/,
    )
    await expect(redis.eval('return )', 0)).rejects.toThrow('ERR Error compiling script')
  })
})
