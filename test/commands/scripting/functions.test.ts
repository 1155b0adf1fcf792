/** FUNCTION and FCALL reply as stock Redis does. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, texts } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'
import { flagged, library, load } from './libraries.js'

const QUIET = ['--save', '']
let servers: RunningServer[]
let ours: RawClient
let stock: RawClient

describe('beside stock Redis', requireStock('redis-server'), () => {
  beforeAll(async () => {
    servers = await Promise.all([startRedisTs(QUIET), startRedisServer(QUIET)])
    ;[ours, stock] = await Promise.all(servers.map(({ port }) => RawClient.connect(port)))
  })
  beforeEach(async () => {
    for (const client of [ours, stock]) await client.pipeline([['FLUSHALL'], ['FUNCTION', 'FLUSH'], ['HELLO', '2']])
  })
  afterAll(async () => {
    ours?.close()
    stock?.close()
    await Promise.all((servers ?? []).map(server => server.stop()))
  })

  describe.each(['2', '3'])('RESP%s', resp => {
    beforeEach(async () => {
      for (const client of [ours, stock]) await client.call('HELLO', resp)
    })

    test('a library comes, is called, listed, replaced and goes', async () => {
      await expectSame(ours, stock, [
        load(library('lib')),
        load(library('lib')),
        ['FCALL', 'lib', '0'],
        ['fcall', 'LIB', '1', 'key', 'argument'],
        ['FUNCTION', 'LIST'],
        ['FUNCTION', 'LIST', 'WITHCODE'],
        ['FUNCTION', 'LIST', 'LIBRARYNAME', 'L?b', 'withcode'],
        ['FUNCTION', 'LIST', 'LIBRARYNAME', 'other*'],
        ['FUNCTION', 'STATS'],
        load('REPLACE', library('lib', 'return {keys[1], #keys, args[1], #args, 1.9, false, true}')),
        load('replace', 'Replace', flagged('lib', 'return {keys[1], args[1]}', 'no-writes', 'allow-stale')),
        ['FUNCTION', 'LIST'],
        ['FCALL_RO', 'lib', '1', 'key', 'a', 'b'],
        ['FUNCTION', 'DELETE', 'Lib'],
        ['FUNCTION', 'DELETE', 'lib'],
        ['FUNCTION', 'DELETE', 'lib'],
        ['FCALL', 'lib', '0'],
        ['FUNCTION', 'LIST'],
        ['FUNCTION', 'STATS'],
      ])
    })

    test('named arguments: description and every flag, in their order', async () => {
      const flags = ['ALLOW-cross-slot-keys', 'no-cluster', 'allow-oom', 'no-writes', 'allow-stale']
      const code = flagged('lib', 'return 1', ...flags).replace('flags', "description = 'what it does', flags")
      await expectSame(ours, stock, [load(code), ['FUNCTION', 'LIST'], ['FCALL', 'lib', '0']])
    })

    test('several functions of several libraries share code', async () => {
      const code = `#!lua name=shared
        local calls = 0
        local function called(name) calls = calls + 1; return {name, calls} end
        redis.register_function('one', function() return called('one') end)
        redis.register_function('two', function() return called('two') end)`
      await expectSame(ours, stock, [
        load(code),
        load(library('other')),
        ...words('FCALL one 0', 'FCALL two 0', 'FCALL one 0', 'FUNCTION STATS'),
      ])
    })
  })

  test('arguments that make no sense', async () => {
    await expectSame(ours, stock, [
      load(library('f')),
      ...words(
        'FUNCTION',
        'FUNCTION NONE',
        'FUNCTION LOAD',
        'FUNCTION LOAD REPLACE',
        'FUNCTION LOAD other code',
        'FUNCTION LIST other',
        'FUNCTION LIST LIBRARYNAME',
        'FUNCTION LIST WITHCODE WITHCODE',
        'FUNCTION LIST LIBRARYNAME a LIBRARYNAME b',
        'FUNCTION DELETE',
        'FUNCTION FLUSH other',
        'FUNCTION FLUSH SYNC ASYNC',
        'FUNCTION STATS other',
        'FUNCTION DUMP other',
        'FUNCTION KILL',
        'FUNCTION KILL other',
        'FUNCTION RESTORE',
        'FUNCTION RESTORE bad',
        'FUNCTION RESTORE bad OTHER',
        'FUNCTION RESTORE bad FLUSH more',
        'FCALL f',
        'FCALL f bad',
        'FCALL f 1',
        'FCALL f -1',
        'FCALL f 9223372036854775808',
        'FCALL none bad',
        'FCALL_RO f 0',
        'COMMAND GETKEYS FCALL f 2 a b c',
        'COMMAND GETKEYS FCALL_RO f 1 a b c',
        'FUNCTION LIST',
      ),
    ])
  })

  const REGISTER = 'redis.register_function'
  test.each([
    'no metadata',
    '#!lua name=lib',
    '#!lua name="lib\n',
    '#!lua\n',
    '#!lua name=\n',
    '#!lua name=a-b\n',
    '#!lua name=a name=b\n',
    '#!lua name=a flags=no-writes\n',
    '#! name=a\n',
    '#!luna name=a\n',
    '#!lua name=lib\n',
    '#!lua name=lib\nreturn 1',
    '#!lua name=lib\nbad code',
    '#!lua name=lib\n\n\nlocal function f(',
    '#!lua name=lib\na = 1',
    '#!lua name=lib\nlocal a = b',
    '#!lua name=lib\nreturn math.random()',
    '#!lua name=lib\nreturn redis.call("PING")',
    '#!lua name=lib\nreturn redis.setresp(3)',
    '#!lua name=lib\nredis.x = 1',
    '#!lua name=lib\nredis.log(5, "no such level")',
    '#!lua name=lib\nredis.log("x")',
    '#!lua name=lib\nlocal a = 1 .. {}',
    '#!lua name=lib\nlocal a = ("x").y.z',
    '#!lua name=lib\nlocal mt = getmetatable(_G)',
    `#!lua name=lib\n${REGISTER}()`,
    `#!lua name=lib\n${REGISTER}('f')`,
    `#!lua name=lib\n${REGISTER}('f', function() end, {})`,
    `#!lua name=lib\n${REGISTER}(nil, function() end)`,
    `#!lua name=lib\n${REGISTER}({}, function() end)`,
    `#!lua name=lib\n${REGISTER}('f', 'g')`,
    `#!lua name=lib\n${REGISTER}('', function() end)`,
    `#!lua name=lib\n${REGISTER}('a b', function() end)`,
    `#!lua name=lib\n${REGISTER}('a\\0b', function() end)`,
    `#!lua name=lib\n${REGISTER}(1, function() end)`,
    `#!lua name=lib\n${REGISTER}('f', function() end)\n${REGISTER}('f', function() end)`,
    `#!lua name=lib\n${REGISTER}('taken', function() end)`,
    `#!lua name=lib\n${REGISTER}('TAKEN', function() end)`,
    `#!lua name=lib\n${REGISTER}{}`,
    `#!lua name=lib\n${REGISTER}{function_name = 'f'}`,
    `#!lua name=lib\n${REGISTER}{callback = function() end}`,
    `#!lua name=lib\n${REGISTER}{function_name = {}}`,
    `#!lua name=lib\n${REGISTER}{callback = 'f'}`,
    `#!lua name=lib\n${REGISTER}{description = function() end}`,
    `#!lua name=lib\n${REGISTER}{other = 1}`,
    `#!lua name=lib\n${REGISTER}{'f'}`,
    `#!lua name=lib\n${REGISTER}{[true] = 'f'}`,
    `#!lua name=lib\n${REGISTER}{flags = 'no-writes'}`,
    `#!lua name=lib\n${REGISTER}{flags = {'none'}}`,
    `#!lua name=lib\n${REGISTER}{flags = {{}}}`,
    `#!lua name=lib\n${REGISTER}{flags = {1}}`,
    `#!lua name=lib\n${REGISTER}{FUNCTION_NAME = 'f', Callback = function() return 5 end, description = 7}`,
  ])('FUNCTION LOAD of %j', async code => {
    await expectSame(ours, stock, [
      load(library('taken')),
      load(code),
      ['FUNCTION', 'LIST', 'LIBRARYNAME', 'lib', 'WITHCODE'],
      ['FUNCTION', 'STATS'],
      ['FCALL', 'f', '0'],
      ['FCALL', 'taken', '0'],
    ])
  })

  test('a load that never ends is given up after half a second', async () => {
    await expectSame(ours, stock, [
      load('#!lua name=lib\nlocal a = 1\nwhile true do a = a + 1 end'),
      ['FUNCTION', 'LIST'],
    ])
  })

  test.each([
    "return redis.call('SET', keys[1], args[1])",
    "return redis.pcall('NONE')",
    "return redis.call('NONE')",
    "return redis.call('GET')",
    "return redis.call('FUNCTION', 'LIST')",
    "return redis.call('FCALL', 'f', '0')",
    "error('raised')",
    "error({err = 'MY raised'})",
    "return redis.error_reply('MY reply')",
    "return {err = 'MY reply'}",
    "return {ok = 'status'}",
    'return nothing',
    'a = 1',
    'KEYS = 1',
    'return KEYS[1]',
    'return ARGV',
    'return redis.register_function',
    "redis.register_function('g', function() end)",
    'redis.x = 1',
    'return redis.REDIS_VERSION_NUM >= 0x00070000',
    'return {type(math), type(cjson), type(redis.call), type(_G), #keys, #args}',
    'return select(2, pcall(function() error("held") end))',
    "redis.setresp(3) return redis.call('HGETALL', 'none')",
    'local mt = getmetatable(_G) mt.__index = nil',
    'for k in pairs(_G) do return k end',
  ])('a function whose body is %j', async body => {
    await expectSame(ours, stock, [
      load(library('f', body)),
      ['FCALL', 'f', '1', 'key', 'argument'],
      ['FCALL_RO', 'f', '1', 'key', 'argument'],
      load('REPLACE', flagged('f', body, 'no-writes')),
      ['FCALL', 'f', '1', 'key', 'argument'],
      ['FCALL_RO', 'f', '1', 'key', 'argument'],
      ['GET', 'key'],
    ])
  })

  test('what a library keeps of the time when it was loaded is of no use later', async () => {
    const code = `#!lua name=lib
      local lib = redis
      lib.register_function('modify', function() lib.math = math end)
      lib.register_function('register', function() lib.register_function('x', function() end) end)
      lib.register_function('call', function() return lib.call('PING') end)`
    await expectSame(ours, stock, [load(code), ...words('FCALL modify 0', 'FCALL register 0', 'FCALL call 0')])
  })

  test('a function may keep what it was called with', async () => {
    const body = 'calls = calls or {} table.insert(calls, {keys, args}) return calls'
    await expectSame(ours, stock, [
      load(library('keeps', body).replace('\n', '\nlocal calls\n')),
      ...words('FCALL keeps 1 a b c', 'EVAL return{KEYS,ARGV} 2 k l v', 'FCALL keeps 2 d e f', 'FCALL keeps 0'),
    ])
  })

  test('inside a transaction', async () => {
    const body = "redis.call('INCR', keys[1]) return redis.call('INCR', keys[1])"
    await expectSame(ours, stock, [
      ['MULTI'],
      load(library('f', body)),
      ['FCALL', 'f', '1', 'counter'],
      ['FCALL', 'none', '0'],
      ['FUNCTION', 'DELETE', 'f'],
      ['FCALL', 'f', '1', 'counter'],
      ['EXEC'],
      ['GET', 'counter'],
    ])
  })

  test('FUNCTION DUMP gives the very bytes, and either server restores those of the other', async () => {
    const long = library('long', `return '${'abcdefgh'.repeat(5000)}'`)
    for (const code of [library('a'), '#!lua name=s\nredis.register_function("f",function()end)', long]) {
      await expectSame(ours, stock, [['FUNCTION', 'FLUSH'], ['FUNCTION', 'DUMP'], load(code), ['FUNCTION', 'DUMP']])
      const payload = (await stock.call('FUNCTION', 'DUMP')).text ?? ''
      await expectSame(ours, stock, [
        ['FUNCTION', 'RESTORE', payload],
        ['FUNCTION', 'RESTORE', payload, 'APPEND'],
        ['FUNCTION', 'RESTORE', payload, 'REPLACE'],
        ['FUNCTION', 'RESTORE', payload, 'flush'],
        ['FUNCTION', 'LIST', 'WITHCODE'],
        ['FUNCTION', 'RESTORE', `${payload.slice(0, -1)}x`],
        ['FUNCTION', 'RESTORE', ''],
      ])
    }
    const compression = ['CONFIG', 'SET', 'rdbcompression']
    await expectSame(ours, stock, [
      [...compression, 'no'],
      ['FUNCTION', 'DUMP'],
      [...compression, 'yes'],
    ])
  })

  test('FUNCTION RESTORE: all of a payload or nothing', async () => {
    await stock.pipeline([load(library('a')), load(library('b'))])
    const payload = (await stock.call('FUNCTION', 'DUMP')).text ?? ''
    await expectSame(ours, stock, [
      ['FUNCTION', 'FLUSH'],
      load(library('b', 'return 1')),
      ['FUNCTION', 'RESTORE', payload],
      ['FUNCTION', 'STATS'],
      ['FUNCTION', 'RESTORE', payload, 'REPLACE'],
      ...words('FCALL a 0', 'FCALL b 0', 'FUNCTION FLUSH'),
      load(library('other', 'return 1', 'A')),
      ['FUNCTION', 'RESTORE', payload, 'REPLACE'],
      ...words('FCALL a 0', 'FUNCTION LIST'),
      ['FUNCTION', 'RESTORE', payload, 'FLUSH'],
      ...words('FCALL a 0', 'FUNCTION STATS'),
    ])
    const value =
      (
        await stock.pipeline([
          ['SET', 'k', 'v'],
          ['DUMP', 'k'],
        ])
      )[1].text ?? ''
    await expectSame(ours, stock, [
      ['FUNCTION', 'RESTORE', value],
      ['FUNCTION', 'STATS'],
    ])
  })

  test('FUNCTION LOAD counts as a change, and so do the others', async () => {
    for (const client of [ours, stock]) {
      const changes = async (): Promise<number> => {
        const text = (await client.call('INFO', 'persistence')).text ?? ''
        return Number(/rdb_changes_since_last_save:(\d+)/.exec(text)?.[1])
      }
      const payload = (await client.call('FUNCTION', 'DUMP')).text ?? ''
      const before = await changes()
      await client.pipeline([load(library('a')), load(library('a')), ['FUNCTION', 'DELETE', 'a']])
      await client.pipeline([
        ['FUNCTION', 'RESTORE', payload],
        ['FUNCTION', 'FLUSH'],
        ['FUNCTION', 'LIST'],
      ])
      expect((await changes()) - before).toBe(4)
    }
  })

  test('memory that is used up refuses what functions have not declared', async () => {
    const set = "return redis.call('SET', keys[1], 'v')"
    await expectSame(ours, stock, [
      load(library('writes', set)),
      load(flagged('allowed', set, 'allow-oom')),
      load(flagged('reads', "return redis.call('GET', keys[1])", 'no-writes')),
      ...words(
        'CONFIG SET maxmemory 1',
        'FCALL writes 1 k',
        'FCALL allowed 1 k',
        'FCALL reads 1 k',
        'FCALL_RO reads 1 k',
      ),
      load(library('late')),
      ...words('FUNCTION RESTORE x', 'FUNCTION DELETE reads', 'CONFIG SET maxmemory 0'),
    ])
  })

  test('a replica that has lost its master serves functions that declare so', async () => {
    const get = "return redis.call('GET', 'k')"
    await expectSame(ours, stock, [
      load(flagged('plain', 'return 1', 'no-writes')),
      load(flagged('stale', 'return 1', 'no-writes', 'allow-stale')),
      load(flagged('reads', get, 'no-writes', 'allow-stale')),
      ...words('CONFIG SET replica-serve-stale-data no', 'REPLICAOF 127.0.0.1 1'),
      ...words('FCALL plain 0', 'FCALL stale 0', 'FCALL reads 1 k', 'FUNCTION LIST'),
      ...words('REPLICAOF NO ONE', 'CONFIG SET replica-serve-stale-data yes'),
    ])
  })

  // 7.0 words it otherwise.
  test('who may call which function follows from the commands and from the keys', async () => {
    await ours.pipeline([
      load(library('set', "return redis.call('SET', keys[1], 'v')")),
      load(library('get', "return redis.call('GET', keys[1])")),
      ...words('ACL SETUSER limited on nopass ~own:* +fcall +set +auth', 'AUTH limited x'),
    ])
    const asked: [string, RegExp][] = [
      ['FCALL set 1 own:key', /^OK$/],
      ['FCALL set 1 other', /^NOPERM No permissions to access a key$/],
      ['FCALL get 1 own:key', /^ERR ACL failure in script: User limited has no permissions to run the 'get' command /],
      ['FCALL_RO get 1 own:key', /^NOPERM User limited has no permissions to run the 'fcall_ro' command$/],
      ['FUNCTION LIST', /^NOPERM User limited has no permissions to run the 'function\|list' command$/],
    ]
    for (const [request, reply] of asked) expect((await ours.call(...request.split(' '))).text).toMatch(reply)
    await ours.pipeline(
      words(
        'AUTH default x',
        'ACL LOG RESET',
        'CLIENT SETNAME runs-it',
        'AUTH limited x',
        'FCALL get 1 own:key',
        'AUTH default x',
      ),
    )
    // What is logged of the call is who runs the script, and not the scripts' own client.
    const [entry] = (await ours.call('ACL', 'LOG')).elements ?? []
    expect(texts(entry).join(' ')).toMatch(
      /context lua object get username limited .*client-info id=[1-9]\d* .*name=runs-it .*cmd=fcall/,
    )
    await ours.pipeline(words('ACL DELUSER limited'))
  })
})
