import { quoteArg } from '../bytes/split-args.js'
import type { Directive, Parsed } from './directive.js'

/** The event classes of `notify-keyspace-events`, as bits; `K` and `E` choose the channels, the others the events. */
export const KEYSPACE_CHANNEL = 1 << 0
export const KEYEVENT_CHANNEL = 1 << 1
export const EVENT_GENERIC = 1 << 2
export const EVENT_STRING = 1 << 3
export const EVENT_LIST = 1 << 4
export const EVENT_SET = 1 << 5
export const EVENT_HASH = 1 << 6
export const EVENT_ZSET = 1 << 7
export const EVENT_EXPIRED = 1 << 8
export const EVENT_EVICTED = 1 << 9
export const EVENT_STREAM = 1 << 10
export const EVENT_KEY_MISS = 1 << 11
export const EVENT_MODULE = 1 << 12
export const EVENT_NEW = 1 << 13

/** In the order in which CONFIG GET shows them. Misses and new keys are not part of `A`: they would be too many. */
const LETTERS: readonly (readonly [letter: string, bits: number])[] = [
  ['g', EVENT_GENERIC],
  ['$', EVENT_STRING],
  ['l', EVENT_LIST],
  ['s', EVENT_SET],
  ['h', EVENT_HASH],
  ['z', EVENT_ZSET],
  ['x', EVENT_EXPIRED],
  ['e', EVENT_EVICTED],
  ['t', EVENT_STREAM],
  ['d', EVENT_MODULE],
  ['n', EVENT_NEW],
  ['K', KEYSPACE_CHANNEL],
  ['E', KEYEVENT_CHANNEL],
  ['m', EVENT_KEY_MISS],
]

const EVENT_ALL =
  EVENT_GENERIC |
  EVENT_STRING |
  EVENT_LIST |
  EVENT_SET |
  EVENT_HASH |
  EVENT_ZSET |
  EVENT_EXPIRED |
  EVENT_EVICTED |
  EVENT_STREAM |
  EVENT_MODULE

/** Letters to bits; null when a letter names no class. */
export function parseKeyspaceEvents(letters: string): number | null {
  let bits = 0
  for (const letter of letters) {
    const found = letter === 'A' ? EVENT_ALL : LETTERS.find(([name]) => name === letter)?.[1]
    if (found === undefined) return null
    bits |= found
  }
  return bits
}

/**
 * Bits to letters, `A` where all of its classes are set. As in Redis, `n` is not shown beside `A`.
 */
export function formatKeyspaceEvents(bits: number): string {
  const all = (bits & EVENT_ALL) === EVENT_ALL
  const hidden = all ? EVENT_ALL | EVENT_NEW : 0
  const letters = LETTERS.filter(([, bit]) => bits & bit & ~hidden).map(([letter]) => letter)
  return (all ? 'A' : '') + letters.join('')
}

/** As it has to stand in a file, where `n` beside `A` counts. */
function exactLetters(bits: number): string {
  const letters = formatKeyspaceEvents(bits)
  return bits & EVENT_NEW && !letters.includes('n') ? `${letters}n` : letters
}

/** `notify-keyspace-events KEA`: a sum of the bits above. */
export function keyspaceEvents(flags: number): Directive<number> {
  return {
    kind: 'event classes',
    default: 0,
    flags,
    alias: null,
    parse(args): Parsed<number> {
      const value = parseKeyspaceEvents(args[0])
      return value === null ? { error: "Invalid event class character. Use 'Ag$lshzxeKEtmdn'." } : { value }
    },
    format: formatKeyspaceEvents,
    rewrite: (name, value) => [{ text: `${name} ${quoteArg(exactLetters(value))}`, force: value !== 0 }],
  }
}
