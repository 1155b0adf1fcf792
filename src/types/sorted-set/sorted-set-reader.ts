/** Reads sorted sets from RDB bytes, in all their forms. */

import { parseScore, parseScoreStrictly } from '../../bytes/floats/doubles.js'
import { hashBytes } from '../../bytes/hash.js'
import { quoted } from '../../rdb/error.js'
import { RDB_TYPE_ZSET, RDB_TYPE_ZSET_2, RDB_TYPE_ZSET_LISTPACK } from '../../rdb/format.js'
import type { RdbKey } from '../../rdb/key.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import { StringReader } from '../../rdb/string-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import { TYPE_ZSET } from '../../store/entries.js'
import type { ElementSink } from '../element-sink.js'
import { ElementsReader } from '../elements-reader.js'
import { loadListpack } from '../listpack-value.js'
import type { ValueTarget } from '../value-reader.js'
import { ADDED, SortedSet } from './sorted-set.js'

export const BINARY_SCORE_BYTES = 8
// Scores in text have their length in front; these are none.
const SCORE_NAN = 253
const SCORE_INFINITE = 254
const SCORE_MINUS_INFINITE = 255

export class SortedSetReader extends ElementsReader {
  protected readonly noun = 'members'
  private readonly sink: SortedSetSink
  private readonly member = new StringReader()
  /** Scores of the present value are text. */
  private isText = false
  private score = 0

  constructor(window: RdbWindow, keys: KeyReader, target: ValueTarget) {
    super(window, keys, target)
    this.sink = new SortedSetSink(target)
  }

  read(type: number, bytes: Buffer, at: number, end: number): number {
    switch (type) {
      case RDB_TYPE_ZSET:
      case RDB_TYPE_ZSET_2:
        this.isText = type === RDB_TYPE_ZSET
        return this.readHead(bytes, at, end)
      case RDB_TYPE_ZSET_LISTPACK:
        return this.readPacked('listpack', this.sink, bytes, at, end)
      default:
        return this.readPacked('ziplist', this.sink, bytes, at, end)
    }
  }

  protected begin(key: RdbKey, count: number): void {
    this.sink.begin(key, count)
  }

  protected readElement(bytes: Buffer, at: number, end: number): number {
    const { member, window } = this
    const scoreAt = window.locate(member, bytes, at, end)
    if (scoreAt < 0) return scoreAt
    const next = this.isText ? this.readText(bytes, scoreAt, end) : this.readBinary(bytes, scoreAt, end)
    if (next < 0) return next
    window.decode(member, bytes)
    if (Number.isNaN(this.score))
      window.fail(scoreAt, 'a score', 'one that is not a number (Zset with NAN score detected)')
    if (this.wanted && !this.sink.addMember(member.bytes, member.start, member.end, this.score)) {
      const found = `${quoted(member.bytes, member.start, member.end)} a second time`
      window.fail(at, 'distinct members', `${found} (Duplicate zset fields detected)`)
    }
    return next
  }

  private readBinary(bytes: Buffer, at: number, end: number): number {
    const next = at + BINARY_SCORE_BYTES
    if (next > end) return this.window.short(next)
    this.score = bytes.readDoubleLE(at)
    return next
  }

  private readText(bytes: Buffer, at: number, end: number): number {
    if (at >= end) return this.window.short(at + 1)
    const length = bytes[at]
    const start = at + 1
    const next = length >= SCORE_NAN ? start : start + length
    if (next > end) return this.window.short(next)
    switch (length) {
      case SCORE_NAN:
        this.score = Number.NaN
        break
      case SCORE_INFINITE:
        this.score = Number.POSITIVE_INFINITY
        break
      case SCORE_MINUS_INFINITE:
        this.score = Number.NEGATIVE_INFINITY
        break
      default:
        this.score = parseScoreStrictly(bytes, start, next)
    }
    return next
  }

  protected ended(): void {
    this.sink.end()
  }
}

/** Puts members that are read into a database. */
class SortedSetSink implements ElementSink {
  readonly stride = 2
  readonly distinct = true
  readonly expected = 'a listpack of distinct members and their scores'
  readonly noun = 'members'
  readonly loggedName = 'Zset'
  private readonly target: ValueTarget
  private readonly set = new SortedSet()
  /** The key of the sorted set whose members are coming. */
  private key: RdbKey | null = null

  constructor(target: ValueTarget) {
    this.target = target
  }

  takesListpack(count: number): boolean {
    return count <= this.target.limits.sortedSet.maxEntries
  }

  isValid(buffer: Buffer, start: number, end: number): boolean {
    return !Number.isNaN(parseScore(buffer, start, end))
  }

  listpack(key: RdbKey, listpack: Buffer, start: number, own: boolean): void {
    const { database, limits } = this.target
    const { set } = this
    set.open(database, loadListpack(database, key, TYPE_ZSET, listpack, start, own))
    if (!own && set.length > limits.sortedSet.maxEntries) set.convert()
    this.target.loaded(set.address, key)
  }

  begin(key: RdbKey, count: number): void {
    const { database, limits } = this.target
    this.key = key.copy()
    this.set.openNew(database, this.key.bytes, 0, this.key.end, key.expiryMs)
    this.set.expect(count, limits.sortedSet)
  }

  add(
    member: Buffer,
    memberStart: number,
    memberEnd: number,
    text: Buffer,
    textStart: number,
    textEnd: number,
  ): boolean {
    const score = parseScore(text, textStart, textEnd)
    return !Number.isNaN(score) && this.addMember(member, memberStart, memberEnd, score)
  }

  /** False: the member came before. */
  addMember(member: Buffer, start: number, end: number, score: number): boolean {
    const { key, set } = this
    const { database, limits } = this.target
    // The first member inserts the key, by the database's last hash; other keys may have been looked up since begin().
    if (set.address === 0 && key !== null) database.hash = hashBytes(key.bytes, 0, key.end)
    return set.add(member, start, end, score, 0, limits.sortedSet) === ADDED
  }

  end(): void {
    if (this.key !== null) this.target.loaded(this.set.address, this.key)
    this.key = null
  }
}
