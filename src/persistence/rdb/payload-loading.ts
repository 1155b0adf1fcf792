/**
 * Checks and loads the payload of a large value in slices, before RESTORE runs: when it does, the value is there and only has to
 * take its place. Until then the value belongs to no key.
 */
import { CRC64_LENGTH, Crc64 } from '../../bytes/crc64.js'
import { hashBytes } from '../../bytes/hash.js'
import { latin1 } from '../../bytes/latin1.js'
import { Database, NEVER } from '../../store/database.js'
import { TYPE_HASH } from '../../store/entries.js'
import type { ExpiryTime } from '../../store/expiry-time.js'
import type { Keyspace } from '../../store/keyspace.js'
import { LP_COUNT_UNKNOWN, LP_HEADER_SIZE, lpEnd, lpEntrySize, lpHeaderCount } from '../../store/listpack.js'
import { lpSoundNext, lpValidate, type Verdict } from '../../store/listpack-validate.js'
import { moveEntry } from '../../store/move-entry.js'
import { ByteRange } from '../../types/byte-range.js'
import { Hash, type HashLimits } from '../../types/hash/hash.js'
import { adoptListpack } from '../../types/listpack-value.js'
import { RdbError } from './error.js'
import {
  RDB_TYPE_HASH,
  RDB_TYPE_HASH_LISTPACK,
  RDB_TYPE_HASH_ZIPLIST,
  RDB_TYPE_HASH_ZIPMAP,
  RDB_TYPE_STRING,
} from './format.js'
import { isIntactPayload, NO_DATABASE } from './payload.js'
import { announcedLength, PayloadString, WHOLE_MAX_BYTES } from './payload-string.js'
import { RdbWindow } from './window.js'
import { ZiplistElement, ZiplistWalker } from './ziplist.js'
import { ZipmapWalker } from './zipmap.js'

/** Packed hashes of up to this size are loaded in one go: each of their elements takes a while to check. */
const PACKED_MAX_BYTES = 16 * 1024
const CRC_STEP_BYTES = 64 * 1024
const CHECKED_AT_ONCE = 512
const FIELDS_AT_ONCE = 16
/** Names are looked for in so many sets: one of a million would hold up everybody each time it grows. */
const NAME_SETS = 256
const NO_KEY = Buffer.alloc(0)

/** Whether RESTORE of payload[start, end) had better be prepared in slices. O(1). */
export function isLargePayload(payload: Buffer, start: number, end: number): boolean {
  if (end - start > WHOLE_MAX_BYTES) return true
  switch (payload[start]) {
    case RDB_TYPE_STRING:
      return announcedLength(payload, start + 1, end) > WHOLE_MAX_BYTES
    case RDB_TYPE_HASH_LISTPACK:
    case RDB_TYPE_HASH_ZIPLIST:
    case RDB_TYPE_HASH_ZIPMAP:
      return announcedLength(payload, start + 1, end) > PACKED_MAX_BYTES
    default:
      return false
  }
}

export class PayloadLoading {
  /** Version and checksum are right. */
  intact = false
  /** What is wrong with the value; '' while nothing is known to be. */
  problem = ''
  done = false
  readonly payload: Buffer
  private readonly start: number
  private readonly end: number
  private readonly checksum: boolean
  private readonly keyspace: Keyspace
  private readonly limits: HashLimits
  private readonly window: RdbWindow
  private readonly field: PayloadString
  private readonly value: PayloadString
  private work: Generator<void, void>
  /** The value's turn has come, behind the checksum. */
  private loading = false
  /** The value: a string, a listpack, or a hash in a database of its own. None of them: it is small, and not loaded yet. */
  private string: Buffer | null = null
  private listpack: Buffer | null = null
  private database: Database | null = null
  private readonly hash = new Hash()

  /** @param limits as they stand at each call. payload[start, end) stays as it is until this is closed. */
  constructor(keyspace: Keyspace, limits: HashLimits, payload: Buffer, start: number, end: number, checksum: boolean) {
    this.keyspace = keyspace
    this.limits = limits
    this.payload = payload
    this.start = start
    this.end = end
    this.checksum = checksum
    this.window = new RdbWindow(end)
    this.field = new PayloadString(this.window)
    this.value = new PayloadString(this.window)
    this.work = this.verify()
  }

  /** All is done, and FLUSHALL has not taken it away since. */
  get ready(): boolean {
    return this.done && !this.isStale
  }

  /** Goes on until `deadlineMs` (performance.now()); true when all is done. */
  step(deadlineMs: number): boolean {
    const { keyspace } = this
    const { reportsNewKeys } = keyspace
    keyspace.reportsNewKeys = false
    try {
      // FLUSHALL has replaced the memory: what was loaded there is gone.
      if (this.isStale) this.restart()
      while (!this.done) {
        if (this.work.next().done) this.next()
        if (performance.now() >= deadlineMs) break
      }
    } catch (error) {
      // A RangeError: a string for which there is no memory.
      if (!(error instanceof RdbError || error instanceof RangeError)) throw error
      this.close()
      this.problem = error.message
      this.done = true
    } finally {
      keyspace.reportsNewKeys = reportsNewKeys
    }
    return this.done
  }

  private next(): void {
    if (this.intact && !this.loading) {
      this.loading = true
      this.work = this.load()
    } else this.done = true
  }
  private get isStale(): boolean {
    return this.database !== null && this.database.entries !== this.keyspace.entries
  }

  private restart(): void {
    this.database = null
    this.done = false
    this.work = this.load()
  }

  private *verify(): Generator<void, void> {
    const { end, payload, start } = this
    if (!isIntactPayload(payload, start, end, false)) return
    if (this.checksum) {
      const crc = new Crc64()
      const until = end - CRC64_LENGTH
      for (let at = start; at < until; at += CRC_STEP_BYTES) {
        crc.update(payload, at, Math.min(until, at + CRC_STEP_BYTES))
        yield
      }
      if (!crc.matches(payload, until)) return
    }
    this.intact = true
  }

  private *load(): Generator<void, void> {
    const { end, payload, start } = this
    const type = payload[start]
    switch (type) {
      case RDB_TYPE_STRING:
        if (announcedLength(payload, start + 1, end) <= WHOLE_MAX_BYTES) return
        yield* this.value.read(payload, start + 1, end)
        this.string = yield* this.value.take()
        return
      case RDB_TYPE_HASH:
        return yield* this.loadFields()
      case RDB_TYPE_HASH_LISTPACK:
      case RDB_TYPE_HASH_ZIPLIST:
      case RDB_TYPE_HASH_ZIPMAP:
        if (announcedLength(payload, start + 1, end) <= PACKED_MAX_BYTES) return
        yield* this.value.read(payload, start + 1, end)
        if (type === RDB_TYPE_HASH_LISTPACK) yield* this.loadListpack()
        else if (type === RDB_TYPE_HASH_ZIPLIST) yield* this.loadZiplist()
        else yield* this.loadZipmap()
    }
  }

  private *loadFields(): Generator<void, void> {
    const { end, field, hash, limits, payload, value, window } = this
    let at = window.length(payload, this.start + 1, end)
    const fields = window.lengths.value
    this.begin(fields)
    for (let i = 0; i < fields; i++) {
      if (i % FIELDS_AT_ONCE === 0) yield
      const fieldAt = at
      // A generator for each of a million strings would be a lot of garbage.
      let next = field.readSmall(payload, at, end)
      at = next >= 0 ? next : yield* field.read(payload, at, end)
      next = value.readSmall(payload, at, end)
      at = next >= 0 ? next : yield* value.read(payload, at, end)
      const added =
        value.length > Math.max(WHOLE_MAX_BYTES, limits.maxValueBytes)
          ? hash.addBuffer(field.bytes, field.start, field.end, yield* value.take(), limits)
          : hash.set(field.bytes, field.start, field.end, value.bytes, value.start, value.end, limits)
      if (!added) this.failTwice(fieldAt)
    }
  }

  /** A hash of `fields` fields follows. */
  private begin(fields: number): void {
    if (fields === 0) this.window.fail(this.start, 'elements', 'none')
    this.database = new Database(NO_DATABASE, this.keyspace)
    this.database.hash = hashBytes(NO_KEY, 0, 0)
    this.hash.openNew(this.database, NO_KEY, 0, 0, NEVER)
    this.hash.expect(fields, this.limits)
  }

  private *loadListpack(): Generator<void, void> {
    const { bytes, end: behind, start } = this.value
    const sound = lpValidate(bytes, start, behind - start, false)
    const end = sound ? lpEnd(bytes, start) : 0
    let elements = 0
    let pos = start + LP_HEADER_SIZE
    while (sound && pos >= 0 && pos < end) {
      pos = lpSoundNext(bytes, pos, end)
      if (++elements % CHECKED_AT_ONCE === 0) yield
    }
    const known = sound ? lpHeaderCount(bytes, start) : 0
    const counted = known === LP_COUNT_UNKNOWN || known === elements
    if (!sound || pos < 0 || !counted || elements % 2 !== 0) this.failPacked('listpack', behind - start)
    if (elements / 2 > this.limits.maxEntries) yield* this.setListpackPairs(bytes, start, elements / 2)
    else {
      yield* this.checkNames(bytes, start)
      this.listpack = yield* this.value.take()
    }
  }

  private *setListpackPairs(bytes: Buffer, start: number, pairs: number): Generator<void, void> {
    const { hash, limits } = this
    const name = new ByteRange()
    const content = new ByteRange()
    this.begin(pairs)
    let pos = start + LP_HEADER_SIZE
    for (let i = 0; i < pairs; i++) {
      if (i % FIELDS_AT_ONCE === 0) yield
      name.readListpack(bytes, pos)
      pos += lpEntrySize(bytes, pos)
      content.readListpack(bytes, pos)
      pos += lpEntrySize(bytes, pos)
      if (!hash.set(name.buffer, name.start, name.end, content.buffer, content.start, content.end, limits)) {
        this.failTwice(this.start)
      }
    }
  }

  /** Whether no field is there twice. */
  private *checkNames(bytes: Buffer, start: number): Generator<void, void> {
    const sets = Array.from({ length: NAME_SETS }, () => new Set<string>())
    const name = new ByteRange()
    const end = lpEnd(bytes, start)
    let pairs = 0
    for (let pos = start + LP_HEADER_SIZE; pos < end; pos += lpEntrySize(bytes, pos)) {
      if (++pairs % CHECKED_AT_ONCE === 0) yield
      name.readListpack(bytes, pos)
      const names = sets[hashBytes(name.buffer, name.start, name.end) % NAME_SETS]
      const size = names.size
      names.add(latin1(name.buffer, name.start, name.end))
      if (names.size === size) this.failTwice(this.start)
      pos += lpEntrySize(bytes, pos)
    }
  }

  private *loadZiplist(): Generator<void, void> {
    const { hash } = this
    // How long fields and values are does not matter (rdb.c).
    const limits = { maxEntries: this.limits.maxEntries, maxValueBytes: Number.POSITIVE_INFINITY }
    const { bytes, end, start } = this.value
    const walker = new ZiplistWalker()
    let verdict: Verdict = walker.begin(bytes, start, end) ? 'going on' : 'damaged'
    while (verdict === 'going on') {
      verdict = walker.check(bytes, start, end, CHECKED_AT_ONCE)
      yield
    }
    if (verdict === 'damaged' || walker.count % 2 !== 0) this.failPacked('ziplist', end - start)
    const pairs = walker.count / 2
    const name = new ZiplistElement()
    const content = new ZiplistElement()
    this.begin(pairs)
    for (let i = 0; i < pairs; i++) {
      if (i % FIELDS_AT_ONCE === 0) yield
      walker.next(bytes, name)
      walker.next(bytes, content)
      if (!hash.set(name.bytes, name.start, name.end, content.bytes, content.start, content.end, limits)) {
        this.failTwice(this.start)
      }
    }
  }

  private *loadZipmap(): Generator<void, void> {
    const { hash, limits } = this
    const { bytes, end, start } = this.value
    const walker = new ZipmapWalker()
    let verdict: Verdict = walker.begin(bytes, start, end) ? 'going on' : 'damaged'
    while (verdict === 'going on') {
      verdict = walker.check(bytes, start, end, CHECKED_AT_ONCE)
      yield
    }
    const { count } = walker
    if (verdict === 'damaged') this.failPacked('zipmap', end - start)
    this.begin(count)
    for (let i = 0; i < count; i++) {
      if (i % FIELDS_AT_ONCE === 0) yield
      walker.next(bytes, end)
      const { fieldEnd, fieldStart, valueEnd, valueStart } = walker
      if (!hash.set(bytes, fieldStart, fieldEnd, bytes, valueStart, valueEnd, limits)) this.failTwice(this.start)
    }
  }

  private failPacked(what: string, size: number): never {
    return this.window.fail(this.start, `a ${what} of fields and their values`, `${size} bytes, integrity check failed`)
  }

  private failTwice(at: number): never {
    return this.window.fail(at, 'distinct fields', 'one a second time')
  }

  /**
   * When all is done: puts the value under key[start, end) into `database`, which holds no such key, and returns its address. 0:
   * there is nothing wrong with it, but it has to be read in one go. O(1).
   */
  moveTo(database: Database, key: Buffer, start: number, end: number, expiry: ExpiryTime): number {
    const address = this.moveRounded(database, key, start, end, expiry.ms)
    if (address !== 0) expiry.complete(database.entries, address)
    return address
  }

  private moveRounded(database: Database, key: Buffer, start: number, end: number, expiryMs: number): number {
    database.hash = hashBytes(key, start, end)
    if (this.string !== null) return database.setBuffer(0, key, start, end, this.string, expiryMs)
    if (this.listpack !== null) {
      return adoptListpack(database, key, start, end, TYPE_HASH, this.listpack, expiryMs)
    }
    if (this.database === null || this.isStale) return 0
    const address = this.database.setExpiry(this.hash.address, expiryMs)
    const moved = moveEntry(this.database, address, database, key, start, end)
    this.database = null
    return moved
  }

  /** Frees what nobody has taken. */
  close(): void {
    const { database, hash } = this
    this.database = null
    this.string = null
    this.listpack = null
    if (database !== null && database.entries === this.keyspace.entries && hash.address !== 0) {
      database.remove(hash.address, false)
    }
  }
}
