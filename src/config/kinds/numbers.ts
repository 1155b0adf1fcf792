import { INT64_MAX, INT64_MIN } from '../../bytes/integers.js'
import type { Directive, ParseContext, Parsed } from '../directive.js'

export { INT64_MAX } from '../../bytes/integers.js'

/**
 * The number kinds. Values are JavaScript numbers, exact up to 2^53 and right again at the upper bound of a directive
 * (9223372036854775807 reads and prints as itself); between those, the nearest double.
 */

export const INT_MIN = -2147483648n
export const INT_MAX = 2147483647n
export const UINT_MAX = 4294967295n
export const UINT64_MAX = 18446744073709551615n

export const KB = 1024
export const MB = 1024 * KB
export const GB = 1024 * MB

type Bound = number | bigint

/** A whole number without a unit; `kind` names what it counts. */
export function integer(
  initial: number,
  min: Bound,
  max: Bound,
  flags = 0,
  alias: string | null = null,
  kind = 'integer',
): Directive<number> {
  return numeric(kind, initial, min, max, flags, alias, {
    read: text => parseInteger(text),
    unreadable: "argument couldn't be parsed into an integer",
    config: value => exact(value, max),
    file: value => exact(value, max),
  })
}

export function seconds(initial: number, min: Bound, max: Bound, flags = 0, alias: string | null = null) {
  return integer(initial, min, max, flags, alias, 'seconds')
}

export function milliseconds(initial: number, min: Bound, max: Bound, flags = 0, alias: string | null = null) {
  return integer(initial, min, max, flags, alias, 'milliseconds')
}

/** Bytes, read with a unit (1k, 1kb, 1m, 1mb, 1g, 1gb) or none. */
export function memory(initial: number, min: Bound, max: Bound, flags = 0, alias: string | null = null) {
  return numeric('memory', initial, min, max, flags, alias, {
    read: text => asWord(parseMemory(text), max),
    unreadable: 'argument must be a memory value',
    config: value => exact(value, max),
    file: value => formatMemory(value, exact(value, max)),
  })
}

/** Bytes, or a percentage that is kept as a negative number: -25 is 25%. */
export function memoryOrPercent(initial: number, maxPercent: number, max: Bound, flags = 0): Directive<number> {
  return numeric('memory or percent', initial, -maxPercent, max, flags, null, {
    read: text => asWord(parseMemory(text), max) ?? parsePercent(text),
    unreadable: 'argument must be a memory or percent value',
    config: value => (value < 0 ? `${-value}%` : exact(value, max)),
    file: value => (value < 0 ? `${-value}%` : formatMemory(value, exact(value, max))),
    outOfRange: value => (value < 0n ? `percentage argument must be less or equal to ${maxPercent}` : null),
  })
}

/** File permissions, read and shown in octal. */
export function octal(initial: number, min: number, max: number, flags = 0): Directive<number> {
  return numeric('octal', initial, min, max, flags, null, {
    read: text => parseOctal(text),
    unreadable: "argument couldn't be parsed as an octal number",
    config: value => value.toString(8),
    file: value => value.toString(8),
    outOfRange: () => `argument must be between ${min.toString(8)} and ${max.toString(8)} inclusive`,
  })
}

/** Another number kind where `adjust` gives the value to keep for the value asked for. */
export function adjusted(
  directive: Directive<number>,
  adjust: (value: number, context: ParseContext) => number,
): Directive<number> {
  return {
    ...directive,
    parse(args, previous, context) {
      const parsed = directive.parse(args, previous, context)
      return 'value' in parsed ? { value: adjust(parsed.value, context) } : parsed
    },
  }
}

type NumberFormat = {
  /** null when the text is no such number. */
  read(text: string): bigint | null
  unreadable: string
  config(value: number): string
  file(value: number): string
  /** The text for a value out of range, where it differs from the usual one (null: it does not). */
  outOfRange?(value: bigint): string | null
}

function numeric(
  kind: string,
  initial: number,
  min: Bound,
  max: Bound,
  flags: number,
  alias: string | null,
  format: NumberFormat,
): Directive<number> {
  return {
    kind,
    default: initial,
    flags,
    alias,
    parse(args): Parsed<number> {
      const value = format.read(args[0])
      if (value === null) return { error: format.unreadable }
      if (value < BigInt(min) || value > BigInt(max)) {
        return { error: format.outOfRange?.(value) ?? `argument must be between ${min} and ${max} inclusive` }
      }
      return { value: Number(value) }
    },
    format: value => format.config(value),
    rewrite: (name, value) => [{ text: `${name} ${format.file(value)}`, force: value !== initial }],
  }
}

/** A decimal 64-bit integer in its only spelling: no plus, no leading zero, no blank; null for anything else. */
export function parseInteger(text: string): bigint | null {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text)) return null
  const value = BigInt(text)
  return value < INT64_MIN || value > INT64_MAX ? null : value
}

/**
 * A decimal integer as C's strtoll reads it: blanks before it, a sign and leading zeros are fine, the empty text is 0, and
 * what does not fit in 64 bits is the nearest that does. null when anything follows the digits or there are none.
 */
export function parseLooseInteger(text: string): bigint | null {
  if (text === '') return 0n
  const match = /^[ \t-\r]*([+-]?)([0-9]+)$/.exec(text)
  return match ? clamp(match[1] === '-' ? -BigInt(match[2]) : BigInt(match[2])) : null
}

/**
 * Bytes with an optional unit: b, k, m, g count in thousands, kb, mb, gb in 1024s, in either case. null when it is no such
 * text. As in Redis no digits mean 0, and a product beyond 64 bits wraps around.
 */
export function parseMemory(text: string): bigint | null {
  const match = /^([0-9]*)([a-z]*)$/i.exec(text)
  const unit = match && MEMORY_UNITS.get(match[2].toLowerCase())
  if (!match || unit === undefined || unit === null || match[1].length >= 128) return null
  const digits = match[1] === '' ? 0n : BigInt(match[1])
  return BigInt.asUintN(64, (digits > UINT64_MAX ? UINT64_MAX : digits) * unit)
}

/** Bytes in the largest unit that divides them: 67108864 is 64mb. `plain` is the text without a unit. */
export function formatMemory(bytes: number, plain = String(bytes)): string {
  if (bytes === 0 || !Number.isSafeInteger(bytes)) return plain
  if (bytes % GB === 0) return `${BigInt(bytes / GB)}gb`
  if (bytes % MB === 0) return `${BigInt(bytes / MB)}mb`
  if (bytes % KB === 0) return `${BigInt(bytes / KB)}kb`
  return plain
}

const MEMORY_UNITS = new Map([
  ['', 1n],
  ['b', 1n],
  ['k', 1000n],
  ['kb', 1024n],
  ['m', 1000_000n],
  ['mb', 1024n ** 2n],
  ['g', 1000_000_000n],
  ['gb', 1024n ** 3n],
])

function parsePercent(text: string): bigint | null {
  const value = text.endsWith('%') ? parseInteger(text.slice(0, -1)) : null
  return value === null || value < 0n ? null : -value
}

/** As strtoll with base 8. */
function parseOctal(text: string): bigint | null {
  if (text === '') return 0n
  const match = /^[ \t-\r]*([+-]?)([0-7]+)$/.exec(text)
  if (!match) return null
  const value = BigInt(`0o${match[2]}`)
  return value > INT64_MAX ? null : match[1] === '-' ? -value : value
}

/** Sixty-four bits read as signed unless the directive's range needs the unsigned half. */
function asWord(bits: bigint | null, max: Bound): bigint | null {
  return bits === null || max > INT64_MAX ? bits : BigInt.asIntN(64, bits)
}

/** The decimal text of a number; a double beyond 2^53 that stands for the upper bound prints as that bound. */
function exact(value: number, max: Bound): string {
  const text = BigInt(value)
  return String(text > BigInt(max) ? max : text)
}

function clamp(value: bigint): bigint {
  if (value > INT64_MAX) return INT64_MAX
  return value < INT64_MIN ? INT64_MIN : value
}
