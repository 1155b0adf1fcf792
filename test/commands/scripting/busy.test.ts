import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'

const BUSY = 'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.'
const KILLED =
  /^ERR Script killed by user with SCRIPT KILL\.\.\. script: [0-9a-f]{40}, on (@user_script|return 1):\d+\.$/
const OPTIONS = [
  '--save',
  '',
  '--enable-debug-command',
  'yes',
  '--busy-reply-threshold',
  '50',
  '--repl-diskless-sync-delay',
  '0',
]

let server: Awaited<ReturnType<typeof startRedisTs>>
let ours: RawClient
let other: RawClient

beforeEach(async () => {
  server = await startRedisTs(OPTIONS)
  ours = await RawClient.connect(server.port)
  other = await RawClient.connect(server.port)
})
afterEach(() => {
  ours.close()
  other.close()
})

/** Asks until the server says that it is busy. */
async function busy(): Promise<void> {
  while ((await other.call('GET', 'x')).text !== BUSY);
}

describe('a script that does not end', () => {
  test.each([
    'while true do end',
    'while true do pcall(function() while true do end end) end',
    'while true do pcall(error) end',
    'while true do pcall(function() pcall(error) end) end',
    'while true do xpcall(error, function() while true do end end) end',
    'while true do pcall(redis.call, "foo") end',
    'local co = coroutine.wrap(function() while true do coroutine.yield(1) end end) while true do co() end',
    'while true do coroutine.resume(coroutine.create(function() error("x") end)) end',
    'local function f() pcall(f) end while true do f() end',
    'while true do loadstring("return 1")() end',
    'while true do redis.call("get", "x") end',
  ])('lets others know, and can be ended: %s', async script => {
    const running = ours.call('EVAL', script, '0')
    await busy()
    expect((await other.call('SCRIPT', 'KILL')).text).toBe('OK')
    expect((await running).text).toMatch(KILLED)
    expect((await other.call('PING')).text).toBe('PONG')
    expect((await ours.call('EVAL', 'return 7', '0')).text).toBe('7')
  })

  test.each([
    'return setmetatable({}, { __index = function() while true do end end }).x',
    'return setmetatable({}, { __index = function() while true do pcall(error) end end }).x',
    'return setmetatable({}, { __lt = function() while true do end end }) < setmetatable({}, { __lt = function() end })',
  ])('ends by itself where it can not be put aside: %s', async script => {
    expect((await ours.call('EVAL', script, '0')).text).toMatch(/^ERR /)
    expect((await other.call('PING')).text).toBe('PONG')
  })

  test('who may do what meanwhile', async () => {
    const running = ours.call('EVAL', 'while true do end', '0')
    await busy()
    expect((await other.call('PING')).text).toBe(BUSY)
    expect((await other.call('FUNCTION', 'KILL')).text).toBe(BUSY)
    expect((await other.call('SHUTDOWN')).text).toBe(BUSY)
    expect((await other.call('MULTI')).text).toBe('OK')
    expect((await other.call('EXEC')).text).toBe(`EXECABORT Transaction discarded because of: ${BUSY}`)
    expect((await other.call('HELLO', '2')).type).toBe('*')
    await other.call('SCRIPT', 'KILL')
    await running
  })

  test('one that has written is not ended, and comes to its end in its own time', async () => {
    const script = `redis.call("set", "x", "1") local clients
      repeat clients = redis.call("client", "list") until string.find(clients, "name=enough")
      redis.call("set", "y", redis.call("time")[1]) return redis.call("get", "x")`
    await other.call('DEBUG', 'SET-DISABLE-DENY-SCRIPTS', '1')
    const running = ours.pipeline([['PING'], ['EVAL', script, '0'], ['PING']])
    await busy()
    expect((await other.call('SCRIPT', 'KILL')).text).toMatch(/^UNKILLABLE Sorry/)
    await other.call('HELLO', '2', 'SETNAME', 'enough')
    expect((await running).map(reply => reply.text)).toEqual(['PONG', '1', 'PONG'])
    expect((await other.call('EXISTS', 'x', 'y')).text).toBe('2')
  })

  test('one that has written very often before it is put aside', async () => {
    const script =
      "for i = 1, 200000 do redis.call('incr', 'n') end for i = 1, 2e6 do end return redis.call('incr', 'n')"
    expect((await ours.call('EVAL', script, '0')).text).toBe('200001')
    expect((await other.call('GET', 'n')).text).toBe('200001')
  })

  test('inside a transaction, which goes on behind it', async () => {
    const slow = 'for i = 1, 2 do redis.call("incr", "n") for j = 1, 3e7 do end end return redis.call("get", "n")'
    await ours.pipeline([
      ['MULTI'],
      ['SET', 'n', '5'],
      ['EVAL', slow, '0'],
      ['INCR', 'n'],
      ['EVAL', slow, '0'],
      ['GET', 'n'],
    ])
    const running = ours.call('EXEC')
    await busy()
    expect((await running).elements?.map(reply => reply.text)).toEqual(['OK', '7', '8', '10', '10'])
    expect((await other.call('GET', 'n')).text).toBe('10')
    expect((await ours.call('PING')).text).toBe('PONG')
  })

  test('goes on when its client has gone', async () => {
    const leaving = await RawClient.connect(server.port)
    void leaving
      .call('EVAL', 'redis.call("set", "x", "1") for i = 1, 5e7 do end redis.call("set", "x", "2")', '0')
      .catch(() => {})
    await busy()
    leaving.close()
    let reply = await other.call('GET', 'x')
    while (reply.text === BUSY) reply = await other.call('GET', 'x')
    expect(reply.text).toBe('2')
  })

  test('those who wait for a key get what is there when it has ended', async () => {
    const waiting = await RawClient.connect(server.port)
    const popped = waiting.call('BLPOP', 'l', '0')
    while (!(await other.call('INFO', 'clients')).text?.includes('blocked_clients:1'));
    const running = ours.call(
      'EVAL',
      'redis.call("rpush", "l", "y") for i = 1, 5e7 do end redis.call("lpush", "l", "z")',
      '0',
    )
    await busy()
    expect((await popped).elements?.map(reply => reply.text)).toEqual(['l', 'z'])
    await running
    waiting.close()
  })

  test('keys do not expire while it runs', async () => {
    await other.call('SET', 'short', '1', 'PX', '60')
    const running = ours.call(
      'EVAL',
      'local before = redis.call("pttl", "short") for i = 1, 5e7 do end return {before, redis.call("pttl", "short")}',
      '0',
    )
    await busy()
    const [before, after] = (await running).elements ?? []
    expect(after).toEqual(before)
  })
})

describe('with replicas', requireStock('redis-server'), () => {
  test('its writes come as one, and a replica that a script keeps busy catches up', async () => {
    const stock = await startRedisServer(['--save', '', '--replicaof', '127.0.0.1', String(server.port)])
    const replica = await RawClient.connect(stock.port)
    const linked = async () => (await replica.call('INFO', 'replication')).text?.includes('master_link_status:up')
    while (!(await linked()));
    const slow = 'for i = 1, 5 do redis.call("incr", "n") for j = 1, 1e7 do end end return redis.call("get", "n")'
    const running = ours.call('EVAL', slow, '0')
    await busy()
    expect((await replica.call('GET', 'n')).text).toBeNull()
    expect((await running).text).toBe('5')
    expect((await ours.call('WAIT', '1', '0')).text).toBe('1')
    expect((await replica.call('GET', 'n')).text).toBe('5')
    replica.close()
  })

  test("a replica of redis-server runs a script of its own while its master's stream waits", async () => {
    const stock = await startRedisServer(['--save', ''])
    const master = await RawClient.connect(stock.port)
    await ours.call('REPLICAOF', '127.0.0.1', String(stock.port))
    while (!(await other.call('INFO', 'replication')).text?.includes('master_link_status:up'));
    const running = ours.call(
      'EVAL',
      'local a = redis.call("get", "k") for i = 1, 5e7 do end return {tostring(a), tostring(redis.call("get", "k"))}',
      '0',
    )
    await busy()
    await master.call('SET', 'k', 'new')
    expect((await running).elements?.map(reply => reply.text)).toEqual(['false', 'false'])
    expect((await master.call('WAIT', '1', '0')).text).toBe('1')
    expect((await other.call('GET', 'k')).text).toBe('new')
    master.close()
  })
})
