/** Random scripts: Lua that calls commands, changes their replies into all that Lua has, and raises and catches errors. */
import fc from 'fast-check'
import { value as anyValue, numberLiteral, quoted } from '../../scripting/libraries/random-lua.js'

/** What a script finds, before it and around it. */
export const SEED: readonly (readonly string[])[] = [
  ['SET', 'string', 'hello world'],
  ['SET', 'number', '41'],
  ['RPUSH', 'list', 'a', 'b', 'c', '4', '5'],
  ['HSET', 'hash', 'f', 'v', 'n', '10', 'float', '1.5'],
  ['SADD', 'set', '1', '2', '3'],
  ['SADD', 'words', 'x'],
  ['ZADD', 'zset', '1', 'one', '2.5', 'two', '-3', 'three'],
  ['XADD', 'stream', '1-1', 'f', 'v', 'g', 'w'],
  ['XADD', 'stream', '2-1', 'f', 'v2'],
  ['GEOADD', 'geo', '13.361389', '38.115556', 'Palermo', '15.087269', '37.502669', 'Catania'],
  ['PFADD', 'hll', 'a', 'b', 'c'],
]
export const KEYS = ['string', 'number', 'list', 'hash', 'set', 'words', 'zset', 'stream', 'geo', 'hll', 'new', 'other']
export const ARGUMENTS = ['first', '17', '-2.5', '', 'a\0b\xff\r\n', '{"a":[1,2,{"b":null}]}']
/** What a script has noted on its way, which is there after an error too. */
export const NOTES = 'notes'

/**
 * `note` writes its arguments down: tables as they are walked, numbers exactly. `arg` makes an argument for a command of any value:
 * numbers with a fraction as text, since 7.2 writes them otherwise than 7.0.
 */
export const PRELUDE = `math.randomseed(7)
local v1, v2, v3, v4 = 1, 'two', {1, 'b', {c = 3}}, nil
local function show(value, depth)
  local kind = type(value)
  if kind == 'number' then return value ~= value and 'nan' or string.format('%.17g', value) end
  if kind == 'string' then return '<' .. value .. '>' end
  if kind ~= 'table' then return value == cjson.null and 'null' or kind == 'boolean' and tostring(value) or kind end
  if depth > 6 then return '{...}' end
  local shown = {}
  for k, v in pairs(value) do shown[#shown + 1] = show(k, depth + 1) .. '=' .. show(v, depth + 1) end
  return '{' .. table.concat(shown, ',') .. '}'
end
local function note(...)
  local shown = {}
  for i = 1, select('#', ...) do shown[i] = show((select(i, ...)), 0) end
  redis.call('RPUSH', '${NOTES}', table.concat(shown, ' '))
  return ...
end
local function arg(value)
  if value == 0 then return 0 end
  if type(value) == 'number' and (value % 1 ~= 0 or math.abs(value) > 1e15) then return string.format('%.17g', value) end
  return value
end
local function sorted(reply)
  if type(reply) ~= 'table' then return reply end
  if reply.set then
    local list = {}
    for k in pairs(reply.set) do list[#list + 1] = k end
    reply = list
  end
  table.sort(reply)
  return reply
end
`

type Lua = fc.Arbitrary<string>

const VARIABLES = ['v1', 'v2', 'v3', 'v4'] as const
const variable = fc.constantFrom(...VARIABLES)
const pick = (...choices: string[]): Lua => fc.constantFrom(...choices)

/** Lua made of parts: made`f(${a}, ${b})`. */
function made(texts: TemplateStringsArray, ...parts: Lua[]): Lua {
  return fc.tuple(...parts).map(all => texts.reduce((text, next, i) => `${text}${all[i - 1]}${next}`))
}

/** Parts in a row, at least and at most so many. */
const listed = (part: Lua, minLength: number, maxLength: number): Lua =>
  fc.array(part, { minLength, maxLength }).map(parts => parts.join(', '))

/** Without -0: Lua's compiler takes it for the same constant as 0, and 7.0 writes it as "-0" where 7.2 writes "0". */
const value = anyValue.map(text => text.replaceAll('(-1*0)', '0'))

const weighted = (...choices: [weight: number, arbitrary: Lua][]): Lua =>
  fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })))

const integer = weighted(
  [6, fc.integer({ min: -5, max: 12 }).map(String)],
  [1, fc.integer().map(String)],
  [1, fc.constantFrom(2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, -(2 ** 53), 2 ** 63, 1e15).map(numberLiteral)],
)
const number = weighted(
  [3, integer],
  [
    1,
    fc
      .constantFrom(0.5, 1.5, -2.25, 0.125, 1e100, 1e-7, 3.999, Infinity, -Infinity, 1e14, 123456789.125)
      .map(numberLiteral),
  ],
)
const word = weighted(
  [4, pick("'a'", "'b'", "'f'", "'n'", "'one'", "'two'", "'x'", "''", "'hello'", "'10'", "' 7'", "'0x1F'", "'1e2'")],
  [1, fc.uint8Array({ maxLength: 12 }).map(bytes => quoted(Buffer.from(bytes).toString('latin1')))],
  [1, pick('ARGV[1]', 'ARGV[2]', 'ARGV[3]', 'ARGV[4]', 'ARGV[5]', 'ARGV[7]', 'KEYS[1]', 'KEYS[99]')],
)
const key = weighted(
  [5, fc.constantFrom(...KEYS).map(name => `'${name}'`)],
  [2, fc.nat({ max: KEYS.length - 1 }).map(i => `KEYS[${i + 1}]`)],
)
/** An argument of a command. */
const argument = weighted(
  [4, word],
  [4, fc.integer({ min: -3, max: 20 }).map(String)],
  [1, made`arg(${variable})`],
  [1, pick('0.5', '2.25', 'true', 'nil', '{}')],
)
/** Simple enough to be the same text in both versions. */
const score = pick('1', '2', '-1', '0.5', "'3.25'", "'inf'", "'-inf'", "'(1'", '100', "'nan'", "'x'")
const index = pick('0', '1', '2', '-1', '-2', '5', "'0'", "'x'")

/** Commands whose replies do not depend on the order of a hash table, the clock or chance. */
const commands: Lua = fc.oneof(
  // Strings and bits.
  made`'GET', ${key}`,
  made`'set', ${key}, ${argument}`,
  made`'SET', ${key}, ${argument}, ${pick("'NX'", "'XX'", "'GET'", "'EX', 1000", "'KEEPTTL'", "'PX', 'x'")}`,
  made`'SETNX', ${key}, ${argument}`,
  made`'GETSET', ${key}, ${argument}`,
  made`'GETDEL', ${key}`,
  made`'APPEND', ${key}, ${argument}`,
  made`'STRLEN', ${key}`,
  made`'${pick('INCR', 'DECR')}', ${key}`,
  made`'INCRBY', ${key}, ${argument}`,
  made`'INCRBYFLOAT', ${key}, ${pick('1', '0.5', "'1.25'", "'x'", "'1e3'")}`,
  made`'MGET', ${listed(key, 1, 4)}`,
  made`'MSET', ${key}, ${argument}, ${key}, ${argument}`,
  made`'GETRANGE', ${key}, ${index}, ${index}`,
  made`'SETRANGE', ${key}, ${index}, ${word}`,
  made`'SETBIT', ${key}, ${pick('0', '7', '100')}, ${pick('0', '1', '2')}`,
  made`'BITCOUNT', ${key}`,
  made`'BITFIELD', ${key}, 'INCRBY', 'u8', 4, ${integer}, 'OVERFLOW', 'FAIL', 'GET', 'i5', 1`,
  made`'BITOP', 'XOR', ${key}, ${key}, ${key}`,
  made`'LCS', ${key}, ${key}, 'IDX'`,
  // Lists.
  made`'${pick('LPUSH', 'RPUSH', 'RPUSHX')}', ${key}, ${listed(argument, 1, 3)}`,
  made`'${pick('LPOP', 'RPOP', 'LLEN')}', ${key}`,
  made`'LPOP', ${key}, ${pick('0', '1', '2', '-1')}`,
  made`'LRANGE', ${key}, ${index}, ${index}`,
  made`'LINDEX', ${key}, ${index}`,
  made`'LSET', ${key}, ${index}, ${argument}`,
  made`'LREM', ${key}, ${index}, ${argument}`,
  made`'LINSERT', ${key}, 'BEFORE', ${word}, ${argument}`,
  made`'LMOVE', ${key}, ${key}, 'LEFT', 'RIGHT'`,
  made`'LPOS', ${key}, ${word}, 'COUNT', 0`,
  made`'LTRIM', ${key}, ${index}, ${index}`,
  // Hashes.
  made`'HSET', ${key}, ${word}, ${argument}`,
  made`'HGET', ${key}, ${word}`,
  made`'HMGET', ${key}, ${listed(word, 1, 3)}`,
  made`'${pick('HGETALL', 'HKEYS', 'HVALS', 'HLEN')}', ${key}`,
  made`'HDEL', ${key}, ${listed(word, 1, 2)}`,
  made`'HEXISTS', ${key}, ${word}`,
  made`'HINCRBY', ${key}, ${word}, ${argument}`,
  made`'HINCRBYFLOAT', ${key}, ${word}, ${pick('1', '0.5', "'x'")}`,
  // Sets. Those that give members come below.
  made`'SADD', ${key}, ${listed(argument, 1, 3)}`,
  made`'SREM', ${key}, ${listed(argument, 1, 2)}`,
  made`'${pick('SISMEMBER', 'SMISMEMBER')}', ${key}, ${word}`,
  made`'SCARD', ${key}`,
  made`'SMOVE', ${key}, ${key}, ${word}`,
  made`'SINTERCARD', 2, ${key}, ${key}`,
  made`'${pick('SINTERSTORE', 'SUNIONSTORE', 'SDIFFSTORE')}', ${key}, ${key}, ${key}`,
  // Sorted sets.
  made`'ZADD', ${key}, ${score}, ${word}`,
  made`'ZADD', ${key}, ${pick("'NX'", "'XX'", "'GT'", "'CH'", "'INCR'")}, ${score}, ${word}`,
  made`'ZINCRBY', ${key}, ${score}, ${word}`,
  made`'ZSCORE', ${key}, ${word}`,
  made`'ZMSCORE', ${key}, ${listed(word, 1, 3)}`,
  made`'${pick('ZRANK', 'ZREVRANK')}', ${key}, ${word}`,
  made`'ZRANGE', ${key}, ${index}, ${index}, 'WITHSCORES'`,
  made`'ZRANGEBYSCORE', ${key}, ${score}, ${score}, 'WITHSCORES'`,
  made`'ZRANGEBYLEX', ${key}, '-', '[t'`,
  made`'${pick('ZPOPMIN', 'ZPOPMAX', 'ZCARD')}', ${key}`,
  made`'ZCOUNT', ${key}, ${score}, ${score}`,
  made`'ZREM', ${key}, ${word}`,
  made`'ZUNION', 2, ${key}, ${key}, 'WITHSCORES'`,
  made`'ZINTERSTORE', ${key}, 2, ${key}, ${key}`,
  // Streams.
  made`'XADD', ${key}, ${pick("'5-1'", "'5-*'", "'1-1'", "'7'", "'x'")}, ${word}, ${argument}`,
  made`'XLEN', ${key}`,
  made`'XRANGE', ${key}, '-', '+'`,
  made`'XREAD', 'COUNT', 2, 'STREAMS', ${key}, 0`,
  made`'XDEL', ${key}, '1-1'`,
  made`'XTRIM', ${key}, 'MAXLEN', 1`,
  made`'XGROUP', 'CREATE', ${key}, 'group', 0`,
  // Places and sketches.
  made`'GEOPOS', ${key}, 'Palermo', 'none'`,
  made`'GEOHASH', ${key}, 'Catania'`,
  made`'PFADD', ${key}, ${listed(word, 0, 2)}`,
  made`'PFCOUNT', ${listed(key, 1, 2)}`,
  // Keys.
  made`'${pick('DEL', 'UNLINK', 'EXISTS', 'TOUCH')}', ${listed(key, 1, 3)}`,
  made`'${pick('TYPE', 'PERSIST', 'DUMP')}', ${key}`,
  made`'${pick('RENAME', 'RENAMENX', 'COPY')}', ${key}, ${key}`,
  made`'EXPIRE', ${key}, ${pick('1000', '-1', "'x'")}`,
  made`'SORT', ${key}, 'ALPHA', 'DESC'`,
  // Others, and what scripts may not or cannot.
  made`'ECHO', ${argument}`,
  made`'PING'`,
  made`'PUBLISH', ${word}, ${argument}`,
  made`'SELECT', ${pick('0', '16', "'x'")}`,
  pick(
    `'DBSIZE'`,
    `'MULTI'`,
    `'SUBSCRIBE', 'x'`,
    `'NOSUCH', 1`,
    `'GET'`,
    `'EVAL', 'return 1', 0`,
    `'AUTH', 'x'`,
    `'WATCH', 'x'`,
    `'CLIENT', 'GETNAME'`,
    `'CONFIG', 'GET', 'maxclients'`,
    `'COMMAND', 'COUNT', 'x'`,
    `'XINFO'`,
    `'OBJECT', 'NOSUCH', 'x'`,
    '',
  ),
  listed(fc.oneof(argument, variable), 1, 3),
)
const members = made`'${pick('SMEMBERS', 'SINTER', 'SUNION', 'SDIFF')}', ${key}`
const call: Lua = weighted(
  [6, made`redis.call(${commands})`],
  [6, made`redis.pcall(${commands})`],
  [1, made`sorted(redis.${pick('call', 'pcall')}(${members}))`],
  [1, made`sorted(redis.call('KEYS', '*'))`],
)

const status = pick("'OK'", "'FINE'", "'two words'", "'with\\r\\nlines'", "''", '3', 'nil')
const errorText = pick(
  "'ERR text'",
  "'-WRONG kind'",
  "'short'",
  "'CODE'",
  "'-X'",
  "'with\\r\\nlines'",
  "''",
  "'- blank'",
  '7',
  '{}',
)

/** Tables that replies are made of by their fields. */
const replyTable = (inner: Lua): Lua =>
  fc.oneof(
    made`{ok = ${status}}`,
    made`{err = ${errorText}}`,
    made`{double = ${score}}`,
    made`{big_number = ${pick("'12345678901234567890'", "'1\\r\\n2'", '5')}}`,
    made`{map = {a = ${inner}, [2] = ${inner}}}`,
    made`{map = {[${inner}] = 1}}`,
    made`{set = {${pick("'m'", '5')}}}`,
    made`{set = {m = true}}`,
    made`{verbatim_string = {string = ${word}, format = ${pick("'txt'", "'mkd'", "'longer'", '1')}}}`,
    made`{1, ${inner}, nil, ${inner}, 5}`,
    made`redis.status_reply(${status})`,
    made`redis.error_reply(${errorText})`,
  )

const arithmetic = pick('+', '-', '*', '/', '%', '^', '..', '==', '~=', '<', '<=', '>', 'and', 'or')
const aFunction = pick(
  'type',
  'tonumber',
  'next',
  'select',
  'unpack',
  'rawequal',
  'assert',
  'ipairs',
  'string.len',
  'string.sub',
  'string.byte',
  'string.char',
  'string.rep',
  'string.upper',
  'string.reverse',
  'string.lower',
  'math.floor',
  'math.ceil',
  'math.abs',
  'math.max',
  'math.min',
  'math.fmod',
  'math.sqrt',
  'math.modf',
  'math.frexp',
  'math.ldexp',
  'table.concat',
  'table.getn',
  'table.maxn',
  'table.remove',
  'table.insert',
  'bit.band',
  'bit.bor',
  'bit.bxor',
  'bit.bnot',
  'bit.lshift',
  'bit.rshift',
  'bit.arshift',
  'bit.tohex',
  'bit.tobit',
  'bit.bswap',
  'bit.rol',
  'cjson.encode',
  'cjson.decode',
  'cmsgpack.pack',
  'cmsgpack.unpack',
  'struct.pack',
  'struct.unpack',
  'struct.size',
  'redis.sha1hex',
  'redis.status_reply',
  'redis.error_reply',
  'redis.breakpoint',
  'redis.replicate_commands',
  'redis.setresp',
  'coroutine.status',
  'coroutine.resume',
  'coroutine.yield',
  'coroutine.running',
  'setmetatable',
  'rawset',
  'rawget',
  'loadstring',
  'error',
  'math.random',
)

function expression(depth: number): Lua {
  const simple = weighted(
    [3, variable],
    [2, number],
    [2, word],
    [1, pick('nil', 'true', 'false', 'cjson.null')],
    [1, value],
  )
  if (depth === 0) return simple
  const inner = expression(depth - 1)
  return weighted(
    [3, simple],
    [4, call],
    [3, made`(${inner}) ${arithmetic} (${inner})`],
    [1, made`${pick('not ', '#', '-')}(${inner})`],
    [4, made`(${aFunction}(${listed(inner, 0, 3)}))`],
    [1, made`(${inner})[${inner}]`],
    [1, made`{${listed(inner, 0, 3)}}`],
    [1, replyTable(inner)],
    [
      1,
      made`string.format(${pick("'%d'", "'%5.2f'", "'%s'", "'%q'", "'%x'", "'%c'", "'%g|%s'", "'%i %%'", "'%y'", "'%10s'", "'%-5d|'")}, ${inner}, ${inner})`,
    ],
    [
      1,
      made`string.${pick('find', 'match', 'gsub')}(${inner}, ${pick("'l+'", "'(%w)(%w*)'", "'^%s*'", "'[a-e]'", "'%d'", "'.'", "'('", "'%f[%w]'", "'%b()'")}, ${pick("'%1'", '1', "'x'", '{l = 1}', 'string.upper', "'%9'")})`,
    ],
    [1, made`cjson.decode(cjson.encode(${inner}))`],
    [1, made`cmsgpack.unpack(cmsgpack.pack(${inner}, ${inner}))`],
    [
      1,
      made`struct.unpack(${pick("'>I2i4'", "'<Lb'", "'s'", "'Bc0'", "'d'", "'f'", "'!4ihh'")}, struct.pack(${pick("'>I2i4'", "'<Lb'", "'s'", "'Bc0'", "'d'", "'f'", "'!4ihh'")}, ${inner}, ${inner}))`,
    ],
    [1, made`tostring((tonumber(${inner})))`],
    [1, made`tonumber(${inner}, ${pick('2', '10', '16', '36', '1', "'8'")})`],
    [1, made`(function(...) return select('#', ...), ... end)(${listed(inner, 0, 3)})`],
  )
}

const raise = (inner: Lua): Lua =>
  fc.oneof(
    made`error(${inner})`,
    made`error(${errorText}, ${pick('0', '1', '2', '3', '-1')})`,
    made`error({err = ${errorText}})`,
    made`error({err = ${errorText}, source = 'me', line = 7})`,
    made`error(redis.error_reply(${errorText}))`,
    made`error({${inner}})`,
    made`error()`,
    made`assert(false, ${inner})`,
    made`assert(nil)`,
    made`(nil)()`,
  )

const handler = pick(
  'function(e) return e, 1 end',
  'function(e) return type(e) end',
  'function(e) error(e) end',
  'function(e) error({err = e}) end',
  'function(e) if type(e) == "string" then return #e end error("x", 0) end',
  'function() return {err = "ERR mine"} end',
  'function(e) coroutine.yield(e) end',
  'function(e) return coroutine.wrap(function(x) coroutine.yield(x) end)(e) end',
)

/** Statements that call each other's functions, up to `depth` deep. */
function statement(depth: number): Lua {
  const of = expression(2)
  const simple = weighted(
    [5, made`note(${of})`],
    [4, made`${variable} = ${of}`],
    [2, made`note(${call})`],
    [1, made`v3 = ${value}`],
    [1, made`redis.setresp(${pick('2', '3', '3', '3', '4', "'3'")})`],
    [
      1,
      made`${pick('global', 'KEYS', 'redis', '_G.x', 'string.len', 'v3.field', 'v3[2]', 'KEYS[1]', 'ARGV.x')} = ${of}`,
    ],
    [
      1,
      made`note(${pick('nosuch', '_G.nosuch', '_G.v1', 'type(_G)', 'rawget(_G, "x")', 'redis.nosuch', 'type(redis.call)', 'redis.LOG_WARNING', 'redis.REPL_ALL', 'print', 'os.clock() >= 0', 'os.time', 'rawset(_G, "x", 1)', 'setmetatable(_G, {})', 'math.pi', 'math.huge', 'getmetatable("")', '_VERSION', 'redis.REDIS_VERSION_NUM > 0')})`,
    ],
    [
      1,
      made`table.${pick('insert(v3, 1', 'insert(v3', 'sort(v3')}, ${pick("'x'", '5', 'function(a, b) return tostring(a) < tostring(b) end')})`,
    ],
    [1, made`redis.log(${pick('redis.LOG_DEBUG', '1', '9', "'x'")}, ${word})`],
  )
  if (depth === 0) return simple
  const block = statements(depth - 1, 3)
  return weighted(
    [6, simple],
    [2, made`note(pcall(function() ${block} ${raise(of)} end))`],
    [2, made`note(pcall(function() ${block} return ${of} end))`],
    [1, made`note(pcall(${aFunction}, ${listed(of, 0, 3)}))`],
    [1, made`note(pcall(redis.${pick('call', 'pcall')}, ${commands.map(text => text || 'nil')}))`],
    // A handler that fails is called again and again, and redis-server 7.0 crashes when it calls commands as deep as that.
    [
      1,
      made`note(xpcall(function() ${block} ${raise(of)} end, function(e) note(e) return pcall(function() ${block} end) end))`,
    ],
    [1, made`note(xpcall(function() ${block} ${raise(of)} end, ${handler}))`],
    [1, made`note(xpcall(function() ${block} return ${of} end, ${aFunction}))`],
    [1, made`local function f(a, ...) ${block} return a, ... end note(f(${listed(of, 0, 3)}))`],
    [1, made`for i = 1, ${pick('2', '3', '#v3', "'3'", 'nil')} do ${block} end`],
    [1, made`for k, v in ${pick('pairs', 'ipairs')}(${fc.oneof(variable, value)}) do note(k, v) v1 = k end`],
    [1, made`for word in string.gmatch(${word}, ${pick("'%w'", "'l*'", "'()'")}) do note(word) end`],
    [1, made`if ${of} then ${block} else ${block} end`],
    [
      1,
      made`local co = coroutine.create(function(a) ${block} v2 = coroutine.yield(a, ${of}) ${block} return v2 end)
note(coroutine.resume(co, ${of})) note(coroutine.status(co)) note(coroutine.resume(co, ${of})) note(coroutine.status(co)) note(coroutine.resume(co))`,
    ],
    [
      1,
      made`local next = coroutine.wrap(function(...) ${block} coroutine.yield(...) ${raise(of)} end) note(next(${of})) note(pcall(next)) note(next())`,
    ],
    [
      1,
      made`local t = setmetatable({${of}}, {__index = function(t, k) ${block} return ${of} end, __add = function(a, b) return ${of} end,
__concat = function() ${block} return 'c' end, __eq = function() return true end, __call = function(t, ...) return ... end, __tostring = function() return ${of} end})
note(t.x, t + 1, t .. 'x', t == setmetatable({}, getmetatable(t)), t(${of}), pcall(tostring, t))`,
    ],
    [1, made`note((loadstring or load)(${fc.oneof(block, word).map(quoted)}))`],
  )
}

function statements(depth: number, most: number): Lua {
  return fc.array(statement(depth), { maxLength: most }).map(all => all.map(text => `do ${text} end`).join('\n'))
}

const result = weighted(
  [4, made`return ${expression(2)}`],
  [2, made`return ${variable}`],
  [2, made`return ${call}`],
  [2, made`return ${replyTable(expression(1))}`],
  [1, made`return {${listed(replyTable(expression(1)), 1, 3)}}`],
  [1, raise(expression(1))],
  [1, fc.constant('')],
)

/** A script, which PRELUDE has to come before. */
export const script: Lua = fc.tuple(statements(2, 6), result).map(([body, last]) => `${body}\n${last}`)
