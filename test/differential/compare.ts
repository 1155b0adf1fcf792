/** When two replies to the same request count as the same. */
import type { RawReply } from '../commands/raw-client.js'

/** Replies whose elements come in the order of a hash table. */
const UNORDERED = new Set([
  'keys',
  'hkeys',
  'hvals',
  'smembers',
  'sinter',
  'sunion',
  'sdiff',
  'spop',
  'srandmember',
  'pubsub|channels',
  'pubsub|shardchannels',
  'acl|cat',
  'acl|users',
  'command|list',
])
const UNORDERED_PAIRS = new Set(['hgetall', 'config|get'])
/** Times: both servers read their own clocks. Value: the unit in milliseconds. */
const TIMES = new Map([
  ['ttl', 1000],
  ['pttl', 1],
  ['expiretime', 1000],
  ['pexpiretime', 1],
])
const TIME_SLACK_MS = 20_000

const CONTAINERS = new Set([
  ...['pubsub', 'acl', 'config', 'client', 'command', 'object', 'memory', 'latency', 'slowlog', 'xinfo'],
])

/** "config|get" for a container, "get" otherwise; in lower case. */
export function nameOf(request: readonly string[]): string {
  const name = (request[0] ?? '').toLowerCase()
  if (!CONTAINERS.has(name)) return name
  return `${name}|${(request[1] ?? '').toLowerCase()}`
}

/** A reply as text that is the same whatever order a table's elements came in. */
export function replyText(request: readonly string[], reply: RawReply): string {
  const { elements } = reply
  const name = nameOf(request)
  // Random digits: only their number can be compared.
  if (name === 'acl|genpass' && reply.type === '$') return `$ of ${reply.text?.length} bytes`
  if (elements === null) return `${reply.type}${reply.text ?? '(null)'}`
  let parts = elements.map(plainText)
  if (UNORDERED.has(name)) parts.sort()
  else if (UNORDERED_PAIRS.has(name)) {
    parts = parts.flatMap((part, i) => (i % 2 === 0 ? [`${part}=${parts[i + 1]}`] : [])).sort()
  } else if ((name === 'scan' || name === 'sscan') && elements.length === 2) {
    parts = [parts[0], ...(elements[1].elements ?? []).map(plainText).sort()]
  }
  return withoutClock(name, `${reply.type}(${parts.join(' ')})`)
}

/** Takes out for how long something is pending, or since when: both servers read their own clocks. */
function withoutClock(name: string, text: string): string {
  if (name === 'xpending') return text.replace(/ :"\d+"(?= :"\d+"\))/g, ' idle')
  if (name === 'xinfo|consumers') return text.replace(/\$"(idle|inactive)" :"-?\d+"/g, '$1')
  return name === 'xinfo|stream' ? text.replace(/:"\d{13}"/g, 'time') : text
}

function plainText({ elements, text, type }: RawReply): string {
  if (elements === null) return `${type}${text === null ? '(null)' : JSON.stringify(text)}`
  return `${type}(${elements.map(plainText).join(' ')})`
}

export function sameReply(request: readonly string[], ours: RawReply, stock: RawReply): boolean {
  if (replyText(request, ours) === replyText(request, stock)) return true
  const unit = TIMES.get(nameOf(request))
  if (unit === undefined || ours.type !== ':' || stock.type !== ':') return false
  return Math.abs(Number(ours.text) - Number(stock.text)) * unit <= TIME_SLACK_MS
}
