import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply } from '../raw-client.js'
import { expectSame } from '../side-by-side.js'

/** Scripts whose replies, and whose errors with their place, are those of redis-server: each with the key `k` and the argument `v`. */
const SCRIPTS = [
  'redis.log(redis.LOG_WARNING, "hello", 3)',
  'redis.log(7, "x")',
  'redis.log("x","y")',
  'return redis.call()',
  'return redis.call({})',
  'return redis.sha1hex("")',
  'return redis.error_reply("foo bar")',
  'return redis.error_reply("-foo bar")',
  'return redis.error_reply({})',
  'return redis.call("incr",KEYS[1])',
  'return cjson.encode(redis.call("hgetall","h"))',
  'local ok,e = pcall(redis.call, "incr") return {tostring(ok), e}',
  'return redis.call("eval","return 1",0)',
  'return redis.call("select",1)',
  'return {pcall(function() return redis.call("set","a") end)}',
  'local a = redis.pcall("set","a") return a.err',
  'return type(redis.pcall("set","a"))',
  'return redis.call("multi")',
  'return {1,nil,3}',
  'return {map={a=1}}',
  'local t = {} for i = 10, 1, -1 do t[i] = {i, tostring(i)} end return t',
  'local t = {1, 2} t[3] = 3 t[4] = {5} t[6] = 6 t.x = 1 return t',
  'return {{}, {{}}, {ok="x"}, {err="ERR y"}, {double=1.5}, {{1, {2}}, 3}}',
  'return {verbatim_string={format="txt"}, map={a=1}}',
  'return {verbatim_string={format="txt",string=5}, set={a=true}}',
  'return {err="E", ignore_error_stats_update=1, ok="x"}',
  'return {ok="OK"}',
  'return {ok="ok"}',
  'return {ok=5}',
  'return {set={a=true}}',
  'return {big_number="123"}',
  'return {verbatim_string={format="txt",string="hello"}}',
  'return 3.99',
  'return -3.99',
  'return 1e20',
  'return 0/0',
  'return "a\\0b"',
  'return true',
  'return false',
  'return function() end',
  'error({err="FOO bar"})',
  'error()',
  'error(nil)',
  'error("x",0)',
  'error(5)',
  'return #ARGV .. #KEYS',
  'KEYS = 1',
  'return KEYS.foo',
  'return string.format("%d %s %5.1f %q", 3, "x", 2.5, "a\\nb")',
  'return tostring(1e15) .. " " .. tostring(123456789012345678)',
  'return {tostring(nil), tostring(1/0), tostring(-1/0)}',
  'local x = loadstring("return 1+") return x',
  'return {loadstring("return 1+")}',
  'return {pcall(loadstring, nil)}',
  'return redis.breakpoint()',
  'return redis.debug("x")',
  'return redis.replicate_commands()',
  'redis.set_repl(7)',
  'redis.setresp(4)',
  'return {redis.REPL_ALL, redis.REPL_AOF, redis.REPL_REPLICA, redis.REPL_SLAVE, redis.REPL_NONE}',
  'redis.setresp(3) return redis.call("zadd","z","incr","1.5","m")',
  'redis.setresp(3) return type(redis.call("get","nokey"))',
  'redis.setresp(3) return {false,true}',
  'return {false,true}',
  'return redis.acl_check_cmd("set","x","y")',
  'return redis.acl_check_cmd("foo")',
  'return {unpack({1,2,3})}',
  'return unpack({1,2,3})',
  'return select("#", unpack({1,2,3}))',
  'return {xpcall(function() error("boo") end, function(e) return "H:"..e end)}',
  'return table.getn({1,2,3})',
  'local t = setmetatable({}, {__index=function(t,k) return k.."!" end}) return t.foo',
  'local c = coroutine.create(function(a,b) local x = coroutine.yield(a+b) return x*2 end) local _,s = coroutine.resume(c,1,2) local _,r = coroutine.resume(c,10) return {s,r,coroutine.status(c)}',
  'return coroutine.resume(coroutine.create(function() error("in co") end))',
  'return {pcall(error, {err="E x"})}',
  'return redis.call("ping")',
  'return redis.call("time")[1] ~= nil',
  'return redis.status_reply("a\\r\\nb")',
  'return redis.call("object","encoding","nokey")',
  'return redis.call("config","get","maxmemory")',
  'return redis.call("info","x")',
  'return string.rep("x", 100):upper():len()',
  'return ("x"):rep(3, ",")',
  'return os.time()',
  'return io',
  'return print',
  'return dofile',
  'return require',
  'return debug',
  'return package',
  'return collectgarbage("count") > 0',
  'return _G.redis == redis',
  'local n=0 for k in pairs(redis) do n=n+1 end return n',
  'local n={} for k in pairs(string) do n[#n+1]=k end table.sort(n) return n',
  'local n={} for k in pairs(table) do n[#n+1]=k end table.sort(n) return n',
  'local n={} for k in pairs(math) do n[#n+1]=k end table.sort(n) return n',
  'local n={} for k in pairs(coroutine) do n[#n+1]=k end table.sort(n) return n',
  'local n={} for k in pairs(redis) do n[#n+1]=k end table.sort(n) return n',
  'local n={} for k in pairs(cjson) do n[#n+1]=k end table.sort(n) return n',
  'local n={} for k in pairs(cmsgpack) do n[#n+1]=k end table.sort(n) return n',
  'local n={} for k in pairs(bit) do n[#n+1]=k end table.sort(n) return n',
  'local n={} for k in pairs(struct) do n[#n+1]=k end table.sort(n) return n',
]

/** What lies at the bottom of arrays of one element, and how deep. */
function bottomOf(reply: RawReply): { depth: number; reply: RawReply } {
  let depth = 0
  let at = reply
  for (; at.elements?.length === 1; depth++) at = at.elements[0]
  return { depth, reply: at }
}

describe('EVAL beside redis-server', requireStock('redis-server'), () => {
  let ours: RawClient
  let stock: RawClient

  beforeAll(async () => {
    ours = await RawClient.connect((await startRedisTs(['--save', ''])).port)
    stock = await RawClient.connect((await startRedisServer(['--save', ''])).port)
  })
  beforeEach(async () => {
    for (const client of [ours, stock])
      await client.pipeline([['FLUSHALL'], ['SCRIPT', 'FLUSH'], ['HSET', 'h', 'a', '1', 'b', '2']])
  })
  afterAll(() => {
    ours.close()
    stock.close()
  })

  describe.each(['2', '3'])('in RESP%s', resp => {
    beforeAll(async () => {
      await Promise.all([ours.call('HELLO', resp), stock.call('HELLO', resp)])
    })

    test.each(SCRIPTS)('%s', async script => {
      await expectSame(ours, stock, [['EVAL', script, '1', 'k', 'v']])
    })
  })

  test('the number of keys, and what is no script', async () => {
    await expectSame(ours, stock, [
      ['EVAL', 'return 1', 'x'],
      ['EVAL', 'return 1', '1'],
      ['EVAL', 'return 1', '-1'],
      ['EVAL', 'return 1', '99999999999999999999'],
      ['EVAL', 'return 1', '9223372036854775807'],
      ['EVAL', 'return 1'],
      ['EVAL', 'return +', '0'],
      ['EVAL', 'return "', '0'],
      ['EVAL', '\u001bLua', '0'],
      ['EVAL', '', '0'],
      ['EVALSHA', 'x', '0'],
      ['EVALSHA', 'f'.repeat(40), '0'],
      ['EVALSHA', 'f'.repeat(40), 'x'],
    ])
  })

  test('keys and arguments of all lengths arrive in order', async () => {
    const args = Array.from({ length: 300 }, (_, i) => String.fromCharCode(33 + (i % 90)).repeat((i * i * 7) % 20_000))
    const script = 'return {#KEYS, #ARGV, KEYS, ARGV}'
    await expectSame(ours, stock, [
      ['EVAL', script, '0'],
      ['EVAL', script, '2', 'a', ''],
      ['EVAL', script, '100', ...args],
      ['EVAL', script, '300', ...args],
      ['EVAL', script, '1', 'x'.repeat(100_000), '', 'y'.repeat(16_379), 'z'],
    ])
  })

  test('no script finds in KEYS and ARGV what one before it has done to them', async () => {
    const show =
      'return {#KEYS, #ARGV, KEYS, ARGV, tostring(KEYS.x), tostring(getmetatable(ARGV)), tostring(next(KEYS))}'
    const deeds = [
      'KEYS[1] = nil',
      'KEYS[2] = "more"',
      'KEYS.x = 1',
      'KEYS.x = nil KEYS[1] = ARGV',
      'ARGV[1] = KEYS ARGV[0] = 0',
      'setmetatable(ARGV, {__index = function() return 1 end})',
      'setmetatable(KEYS, ARGV) ARGV.__index = "x"',
      'for i = 1, 100 do table.insert(KEYS, i) end',
      'table.remove(ARGV, 1)',
      'KEYS[1] = 5 error("x")',
    ]
    const requests = deeds.flatMap(deed => [
      ['EVAL', deed, '2', 'a', 'b', 'c', 'd', 'e'],
      ['EVAL', show, '1', 'k', 'v'],
      ['EVAL', show, '0'],
      ['EVAL', show, '3', 'k', 'l', 'm'],
    ])
    await expectSame(ours, stock, requests)
  })

  test('a SHA1 is the whole of it', async () => {
    const sha = createHash('sha1').update('return 1').digest('hex')
    const near = [`${sha.slice(0, 39)}x`, sha.replace('0', '\u0010'), sha.replace('e', 'F')]
    await ours.call('SCRIPT', 'LOAD', 'return 1')
    await stock.call('SCRIPT', 'LOAD', 'return 1')
    await expectSame(ours, stock, [['EVALSHA', sha, '0'], ...near.map(each => ['EVALSHA', each, '0'])])
  })

  test('what the first line of a script may say', async () => {
    const lines = [
      '#!lua',
      '#!lua\nreturn 1',
      '#!lua flags=\nreturn 1',
      '#!lua flags=no-writes\nreturn redis.call("set","x",1)',
      '#!lua flags=no-writes\nreturn redis.call("get","x")',
      '#!lua flags=no-writes,allow-stale,no-cluster,allow-cross-slot-keys,allow-oom\nreturn 1',
      '#!lua flags=foo\nreturn 1',
      '#!lua name=x\nreturn 1',
      '#!lua flags="no-writes\nreturn 1',
      '#!js\nreturn 1',
      '#!\nreturn 1',
      '#!lua\nreturn foo',
    ]
    await expectSame(ours, stock, [
      ...lines.map(line => ['EVAL', line, '0']),
      ...lines.map(line => ['EVAL_RO', line, '0']),
    ])
  })

  test('SCRIPT LOAD, EXISTS, FLUSH and KILL', async () => {
    const sha = createHash('sha1').update('return ARGV[1]').digest('hex')
    await expectSame(ours, stock, [
      ['SCRIPT', 'LOAD', 'return ARGV[1]'],
      ['SCRIPT', 'EXISTS', sha, sha.toUpperCase(), 'x'],
      ['EVALSHA', sha.toUpperCase(), '0', 'yes'],
      ['EVALSHA_RO', sha, '0', 'yes'],
      ['SCRIPT', 'LOAD', 'return +'],
      ['SCRIPT', 'FLUSH', 'foo'],
      ['SCRIPT', 'FLUSH', 'ASYNC', 'SYNC'],
      ['SCRIPT', 'FLUSH', 'sync'],
      ['EVALSHA', sha, '0', 'yes'],
      ['SCRIPT', 'KILL'],
      ['SCRIPT', 'EXISTS'],
    ])
    expect(await ours.call('SCRIPT', 'SHOW', sha)).toMatchObject({ type: '-' })
    await ours.call('SCRIPT', 'LOAD', 'return ARGV[1]')
    expect((await ours.call('SCRIPT', 'SHOW', sha)).text).toBe('return ARGV[1]')
  })

  test('statistics count what a script calls, and its errors once', async () => {
    const script =
      'redis.call("set","s","1") redis.pcall("incr") redis.pcall("lpush","s","x") return redis.call("get","h")'
    const commands = [
      ['CONFIG', 'RESETSTAT'],
      ['EVAL', script, '0'],
      ['INFO', 'errorstats'],
    ]
    const [mine, theirs] = await Promise.all([ours.pipeline(commands), stock.pipeline(commands)])
    expect(mine[2]).toEqual(theirs[2])
    const calls = async (client: RawClient) =>
      [
        ...((await client.call('INFO', 'commandstats')).text ?? '').matchAll(
          /cmdstat_(set|lpush|get|eval|incr):calls=(\d+).*?(rejected.*)/g,
        ),
      ]
        .map(match => match.slice(1).join(' ').trim())
        .sort()
    expect(await calls(ours)).toEqual(await calls(stock))
  })

  test('a table within itself goes as deep as the stack', async () => {
    const request = ['EVAL', 'local t = {} t[1] = t return t', '0']
    const [mine, theirs] = [bottomOf(await ours.call(...request)), bottomOf(await stock.call(...request))]
    expect(mine.reply).toEqual(theirs.reply)
    // A handler of errors lies at the bottom of redis-server's stack.
    expect(Math.abs(mine.depth - theirs.depth)).toBeLessThan(4)
  })

  test('transactions, and a database of its own', async () => {
    await expectSame(ours, stock, [
      ['MULTI'],
      ['EVAL', 'redis.call("set","a","1") return redis.call("incr","a")', '0'],
      ['EVAL', 'return redis.call("foo")', '0'],
      ['GET', 'a'],
      ['EXEC'],
      ['EVAL', 'redis.call("select","9") redis.call("set","nine","9") return redis.call("get","nine")', '0'],
      ['GET', 'nine'],
      ['SELECT', '9'],
      ['GET', 'nine'],
      ['SELECT', '0'],
    ])
  })
})
