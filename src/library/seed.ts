/** Data for a test, written down as JavaScript values. */
import { types } from 'node:util'
import type { Argument } from './requests.js'

/** A string, or bytes; a number is its text. */
export type SeedText = string | number | bigint | Uint8Array

/**
 * What a key holds: a text is a string; an array a list; a Set a set; an object a hash; sortedSet(), stream(), hyperLogLog() and geo() make the
 * others, and expiring() gives any of them a time to live.
 */
export type SeedValue =
  | SeedText
  | readonly SeedText[]
  | ReadonlySet<SeedText>
  | { readonly [field: string]: SeedText }
  | Described

export interface Seed {
  readonly [key: string]: SeedValue
}

const DESCRIBED = Symbol.for('redis-ts.described')

/** A value that says itself by which commands it comes to be. */
export abstract class Described {
  /** By which those of another copy of this module are known as well. */
  readonly [DESCRIBED] = true

  /** The commands that make it, at a key that is not there. @throws TypeError that says what is wrong with it */
  abstract commands(key: string): Argument[][]
}

class SortedSetSeed extends Described {
  private readonly scores: Iterable<readonly [SeedText, number]>

  constructor(scores: Iterable<readonly [SeedText, number]>) {
    super()
    this.scores = scores
  }

  commands(key: string): Argument[][] {
    const command: Argument[] = ['ZADD', key]
    for (const [member, score] of this.scores) {
      if (typeof score !== 'number' || Number.isNaN(score))
        throw wrong(key, `the score of ${shown(member)}`, score, 'a number')
      command.push(score === Number.POSITIVE_INFINITY ? 'inf' : score === Number.NEGATIVE_INFINITY ? '-inf' : score)
      command.push(text(key, 'a member', member))
    }
    return withContent(key, command, 2)
  }
}

export interface StreamEntry {
  /** Left out: one that the server makes. */
  readonly id?: string
  readonly fields: { readonly [field: string]: SeedText }
}

export interface StreamGroups {
  /** By name: the last ID delivered, '0' for none, '$' for all that is there. */
  readonly [group: string]: string
}

class StreamSeed extends Described {
  private readonly entries: readonly StreamEntry[]
  private readonly groups: StreamGroups

  constructor(entries: readonly StreamEntry[], groups: StreamGroups) {
    super()
    this.entries = entries
    this.groups = groups
  }

  commands(key: string): Argument[][] {
    if (!Array.isArray(this.entries)) throw wrong(key, 'a stream', this.entries, 'an array of { id?, fields }')
    const commands: Argument[][] = this.entries.map(entry => {
      if (typeof entry !== 'object' || entry === null) throw wrong(key, 'an entry', entry, '{ id?, fields }')
      const { id = '*', fields } = entry
      if (typeof fields !== 'object' || fields === null) throw wrong(key, "an entry's fields", fields, 'an object')
      return withContent(key, ['XADD', key, id, ...pairs(key, fields)], 3)[0]
    })
    for (const [group, lastId] of Object.entries(this.groups)) {
      commands.push(['XGROUP', 'CREATE', key, group, lastId, 'MKSTREAM'])
    }
    if (commands.length === 0)
      throw new TypeError(`redis-ts: seed: ${shown(key)} is a stream without entries and groups`)
    return commands
  }
}

class HyperLogLogSeed extends Described {
  private readonly elements: Iterable<SeedText>

  constructor(elements: Iterable<SeedText>) {
    super()
    this.elements = elements
  }

  commands(key: string): Argument[][] {
    return [['PFADD', key, ...[...this.elements].map(element => text(key, 'an element', element))]]
  }
}

class GeoSeed extends Described {
  private readonly places: { readonly [member: string]: readonly [longitude: number, latitude: number] }

  constructor(places: { readonly [member: string]: readonly [longitude: number, latitude: number] }) {
    super()
    this.places = places
  }

  commands(key: string): Argument[][] {
    const command: Argument[] = ['GEOADD', key]
    for (const [member, place] of Object.entries(this.places)) {
      if (!Array.isArray(place) || place.length !== 2 || place.some(degrees => typeof degrees !== 'number')) {
        throw wrong(key, `the place of ${shown(member)}`, place, '[longitude, latitude] in degrees')
      }
      command.push(place[0], place[1], member)
    }
    return withContent(key, command, 2)
  }
}

class ExpiringSeed extends Described {
  private readonly value: SeedValue
  private readonly expiry: number | Date

  constructor(value: SeedValue, expiry: number | Date) {
    super()
    this.value = value
    this.expiry = expiry
  }

  commands(key: string): Argument[][] {
    const { expiry } = this
    const isDate = types.isDate(expiry)
    const ms = isDate ? expiry.getTime() : expiry
    if (!Number.isSafeInteger(ms) || ms <= 0) throw wrong(key, 'the time to live', expiry, 'milliseconds, or a Date')
    return [...commandsOf(key, this.value), [isDate ? 'PEXPIREAT' : 'PEXPIRE', key, ms]]
  }
}

/** A sorted set: members and scores, as an object, a Map or pairs. */
export function sortedSet(
  scores: { readonly [member: string]: number } | Iterable<readonly [SeedText, number]>,
): Described {
  return new SortedSetSeed(isIterable(scores) ? scores : Object.entries(scores))
}

/** A stream, with its groups by name: each with the ID that it has delivered up to. */
export function stream(entries: readonly StreamEntry[], groups: StreamGroups = {}): Described {
  return new StreamSeed(entries, groups)
}

export function hyperLogLog(elements: Iterable<SeedText>): Described {
  return new HyperLogLogSeed(elements)
}

/** Places, in degrees. */
export function geo(places: { readonly [member: string]: readonly [longitude: number, latitude: number] }): Described {
  return new GeoSeed(places)
}

/** A value that expires: in so many milliseconds, or at a time. */
export function expiring(value: SeedValue, expiry: number | Date): Described {
  return new ExpiringSeed(value, expiry)
}

/** The commands that put the seed in place, each key's behind a DEL. @throws TypeError that names the key, what was given, what would be right */
export function seedCommands(seed: Seed): Argument[][] {
  if (typeof seed !== 'object' || seed === null || isIterable(seed)) {
    throw new TypeError(`redis-ts: seed: given ${kindOf(seed)}, it takes an object of keys and values`)
  }
  return Object.entries(seed).flatMap(([key, value]) => [['DEL', key], ...commandsOf(key, value)])
}

function commandsOf(key: string, value: SeedValue): Argument[][] {
  if (isDescribed(value)) return value.commands(key)
  if (isText(value)) return [['SET', key, value]]
  if (Array.isArray(value)) {
    return withContent(key, ['RPUSH', key, ...value.map(element => text(key, 'an element', element))], 2)
  }
  if (types.isSet(value)) {
    return withContent(
      key,
      ['SADD', key, ...[...(value as ReadonlySet<SeedText>)].map(member => text(key, 'a member', member))],
      2,
    )
  }
  if (isPlainObject(value)) return withContent(key, ['HSET', key, ...pairs(key, value)], 2)
  if (types.isMap(value)) throw wrong(key, 'the value', value, 'sortedSet(map) for a sorted set, an object for a hash')
  throw wrong(
    key,
    'the value',
    value,
    'a string, a number, bytes, an array (list), a Set, an object (hash), or what sortedSet(), stream(), hyperLogLog(), geo() or expiring() return',
  )
}

function withContent(key: string, command: Argument[], head: number): Argument[][] {
  if (command.length > head) return [command]
  throw new TypeError(`redis-ts: seed: ${shown(key)} is empty, and Redis has no empty values: leave the key out`)
}

function pairs(key: string, fields: object): Argument[] {
  return Object.entries(fields).flatMap(([field, value]) => [field, text(key, `the field ${shown(field)}`, value)])
}

function text(key: string, what: string, value: unknown): SeedText {
  if (isText(value)) return value
  throw wrong(key, what, value, 'a string, a number or bytes')
}

function isDescribed(value: unknown): value is Described {
  return typeof value === 'object' && value !== null && DESCRIBED in value
}

function isText(value: unknown): value is SeedText {
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value === 'string' || typeof value === 'bigint' || types.isUint8Array(value)
}

function isPlainObject(value: unknown): value is { readonly [field: string]: SeedText } {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // An object of another realm (jest's) has another Object.prototype: that of no class has none above it.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function isIterable(value: object): value is Iterable<readonly [SeedText, number]> {
  return Symbol.iterator in value
}

function wrong(key: string, what: string, given: unknown, right: string): TypeError {
  return new TypeError(`redis-ts: seed: ${shown(key)}: ${what} is ${kindOf(given)}; right would be ${right}`)
}

function shown(value: unknown): string {
  return JSON.stringify(String(value))
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean')
    return String(value)
  if (types.isMap(value)) return 'a Map'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? `an object of ${value.constructor?.name ?? 'no class'}` : `a ${typeof value}`
}
