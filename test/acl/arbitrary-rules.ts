import fc from 'fast-check'

const COMMANDS = ['get', 'set', 'mget', 'del', 'hget', 'ping', 'select', 'config', 'client', 'flushall', 'exists']
const SUBCOMMANDS = ['config|get', 'config|set', 'client|id', 'client|kill', 'client|list', 'object|encoding']
const CATEGORIES = ['read', 'write', 'string', 'hash', 'keyspace', 'fast', 'slow', 'dangerous', 'admin', 'connection']
const KEYS = ['*', 'a', 'a*', 'b?', '[ab]c', '\\*', 'x"y', "it's", 'a)']

const sign = fc.constantFrom('+', '-')
const either = (text: string) => fc.constantFrom(text, text.toUpperCase())

const commandRule = fc.oneof(
  fc.tuple(sign, fc.constantFrom(...COMMANDS, ...SUBCOMMANDS).chain(either)).map(parts => parts.join('')),
  fc.tuple(sign, fc.constantFrom(...CATEGORIES).chain(either)).map(([plus, name]) => `${plus}@${name}`),
  fc.constantFrom('+@all', '-@all', 'allcommands', 'nocommands', '+select|0', '+select|1', '+Get|Word'),
)
const keyRule = fc.oneof(
  fc.tuple(fc.constantFrom('~', '%R~', '%W~', '%RW~', '%wr~'), fc.constantFrom(...KEYS)).map(parts => parts.join('')),
  fc.constantFrom('allkeys', 'resetkeys'),
)
const channelRule = fc.oneof(
  fc.constantFrom('*', 'news', 'news:*', 'a"b').map(channel => `&${channel}`),
  fc.constantFrom('allchannels', 'resetchannels'),
)
const userRule = fc.constantFrom('on', 'off', 'nopass', 'resetpass', '>pass', '>word', 'sanitize-payload', 'reset')
const otherRule = fc.constantFrom('skip-sanitize-payload', 'clearselectors')

/** A pattern behind one that allows everything is refused: such rules are left out by the tests that use them. */
export const selectorRule = fc.oneof({ weight: 4, arbitrary: commandRule }, keyRule, channelRule)

const quoted = (rule: string) => (/["')]/.test(rule) ? JSON.stringify(rule) : rule)
const nested = fc.array(selectorRule, { maxLength: 4 }).map(rules => `(${rules.map(quoted).join(' ')})`)

export const rule = fc.oneof({ weight: 6, arbitrary: selectorRule }, userRule, otherRule, nested)

/** Requests that tell permissions apart. */
export const PROBES: readonly (readonly string[])[] = [
  ['get', 'a'],
  ['get', 'word'],
  ['get', 'ab'],
  ['set', 'a', 'v'],
  ['set', 'bx', 'v', 'GET'],
  ['set', 'x"y', 'v'],
  ['mget', 'a', 'bx', 'ac'],
  ['del', 'bc', '*'],
  ['exists', "it's"],
  ['hget', 'a', 'f'],
  ['ping'],
  ['select', '0'],
  ['select', '2'],
  ['config', 'get', 'port'],
  ['config', 'set', 'port', '1'],
  ['client', 'id'],
  ['client', 'kill', 'id', '1'],
  ['client', 'list'],
  ['object', 'encoding', 'a'],
  ['flushall'],
  ['auth', 'x'],
]
