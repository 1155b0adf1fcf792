/**
 * Entries: what a slot holds. Keys of a database and elements of a large aggregate share one layout.
 *
 *   word 0   bits 0..2 type, 3..6 encoding, 7 has-expiry, 8..31 LRU clock or LFU counter (Redis's 24 bits)
 *   word 1   length of the key in bytes
 *   word 2   length of the value in bytes; for INT32 the integer itself; for external encodings an object's number
 *   words 3, 4   only with has-expiry: Unix time in milliseconds, a signed 64-bit integer, low and high half
 *   key bytes, value bytes (inline encodings)
 *
 * Elements with nothing behind their name, or eight bytes, have a header of one word (createMember):
 *
 *   word 0   bits 0..2 TYPE_MEMBER, 3..6 encoding (PLAIN: no value, INT64: eight bytes), 7 zero, 8..31 length of the name
 *   name bytes, value bytes
 */
import { hashBytes } from '../bytes/hash.js'
import { HeldBuffers } from './held-buffers.js'
import { LentBuffers } from './lent-buffers.js'
import type { Remains } from './remains.js'
import { BufferPool } from './slabs/buffer-pool.js'
import type { ReleasedMemory } from './slabs/released-memory.js'
import { CHUNK_SHIFT, Slabs, UNIT_MASK } from './slabs/slabs.js'

export const TYPE_MASK = 7
export const ENCODING_SHIFT = 3
export const ENCODING_MASK = 15
export const HAS_EXPIRY = 1 << 7
export const CLOCK_SHIFT = 8
export const CLOCK_BITS = ~0xff

export const TYPE_STRING = 0
export const TYPE_LIST = 1
export const TYPE_SET = 2
export const TYPE_ZSET = 3
export const TYPE_HASH = 4
/** As DEBUG DIGEST numbers it: 5 is what modules have. */
export const TYPE_STREAM = 6

/** An element whose header is one word. No value has this type. */
const TYPE_MEMBER = 7

/** Bytes inline that a client appended to or cut from ("raw" to OBJECT ENCODING whatever their length). */
export const ENCODING_RAW = 0
/** Bytes inline as they were set ("embstr" up to 44 bytes, as in Redis). */
export const ENCODING_PLAIN = 1
export const ENCODING_INT32 = 2
/** Eight bytes inline: a 64-bit integer, little-endian. */
export const ENCODING_INT64 = 3
/** A string in a Buffer of its own: objects[word 2]. */
export const ENCODING_EXTERNAL = 4
export const ENCODING_LISTPACK = 5
/** A listpack in a Buffer of its own. */
export const ENCODING_LISTPACK_EXTERNAL = 6
/** A large value, an object of its own (aggregate.ts): objects[word 2]. */
export const ENCODING_AGGREGATE = 7
export const ENCODING_INTSET = 8
/** An intset in a Buffer of its own. */
export const ENCODING_INTSET_EXTERNAL = 9

const HEADER_BYTES = 12
const MEMBER_HEADER_BYTES = 4
/** Longer names have the usual header. */
const MEMBER_NAME_MAX_BYTES = 0xffffff
const EXPIRY_BYTES = 8
const TWO_32 = 4294967296

/** Values over this many bytes get a Buffer of their own, so that replies and files can refer to it without a copy. */
export const INLINE_VALUE_MAX_BYTES = 4096

/** JavaScript objects behind a Buffer, as measured: for memory accounts. */
const BUFFER_OBJECT_BYTES = 256

/** The numbered JavaScript objects that entries refer to: Buffers, large values. */
export class Objects<T extends object> {
  private readonly items: (T | null)[] = []
  private readonly free: number[] = []

  get count(): number {
    return this.items.length - this.free.length
  }
  /** One more than the highest number that has been given out. */
  get end(): number {
    return this.items.length
  }
  /** The object of this number, or null when the number is not in use. */
  peek(number: number): T | null {
    return this.items[number] ?? null
  }
  add(object: T): number {
    const number = this.free.pop() ?? this.items.length
    this.items[number] = object
    return number
  }
  get(number: number): T {
    return this.items[number] as T
  }
  set(number: number, object: T): void {
    this.items[number] = object
  }
  remove(number: number): void {
    this.items[number] = null
    this.free.push(number)
  }
}

/** Whether a value of this encoding is bytes in a Buffer of its own. */
export function isExternal(encoding: number): boolean {
  return (
    encoding === ENCODING_EXTERNAL || encoding === ENCODING_LISTPACK_EXTERNAL || encoding === ENCODING_INTSET_EXTERNAL
  )
}

/** Bytes before the key of an entry with this first word. */
function headerBytes(meta: number): number {
  if ((meta & TYPE_MASK) === TYPE_MEMBER) return MEMBER_HEADER_BYTES
  return meta & HAS_EXPIRY ? HEADER_BYTES + EXPIRY_BYTES : HEADER_BYTES
}

export class Entries extends Slabs {
  /** Big strings, big listpacks and intsets. */
  readonly buffers = new Objects<Buffer>()
  private readonly pool = new BufferPool()
  /** Buffers that replies under way may refer to. */
  readonly lent: LentBuffers
  /** Buffers that are read in slices: who changes one in place says so first. */
  readonly held: HeldBuffers
  /** Views of large values that are being read bit by bit (table/table-view.ts, ordered-tree/view.ts). */
  openViews = 0
  /** What large values and their views have left behind, to be freed in slices (Keyspace.collectGarbage). */
  readonly remains: Remains[] = []
  /** Bytes of memory behind `buffers`, with room that a value does not use yet. */
  externalBytes = 0
  /** Bytes in use by all hash tables whose entries are here, and bytes set aside for them. The tables keep these. */
  tableBytes = 0
  tableReservedBytes = 0

  /** Bytes in use by entries, values and tables. O(1). */
  get totalUsedBytes(): number {
    return this.usedBytes + this.tableBytes + this.externalBytes + this.buffers.count * BUFFER_OBJECT_BYTES
  }

  /** Bytes set aside for entries, values and tables, in use or not. O(1). */
  get totalReservedBytes(): number {
    return (
      this.reservedBytes +
      this.tableReservedBytes +
      this.externalBytes +
      this.buffers.count * BUFFER_OBJECT_BYTES +
      this.pool.pooledBytes +
      (this.released?.pendingBytes ?? 0)
    )
  }

  /** Gives back what is kept only to be used again soon. */
  purge(): void {
    this.pool.clear()
    this.releaseCushion()
  }

  /** Bytes of memory that the entry takes: its slot, and a Buffer of its own. A large value is its owner's business. */
  memoryBytes(address: number): number {
    const slot = Slabs.slotBytes(this.entryBytes(address))
    if (!isExternal(this.encoding(address))) return slot
    return slot + BUFFER_OBJECT_BYTES + this.buffers.get(this.payload(address)).buffer.byteLength
  }

  constructor(released: ReleasedMemory | null = null, lent = new LentBuffers()) {
    super(released)
    this.lent = lent
    this.held = released?.held ?? new HeldBuffers()
  }

  /** Makes an entry for key[start, end) with room for `inlineBytes` of value; expiryMs NaN for none. */
  create(meta: number, key: Uint8Array, start: number, end: number, inlineBytes: number, expiryMs: number): number {
    const keyLength = end - start
    const expires = !Number.isNaN(expiryMs)
    const keyOffset = expires ? HEADER_BYTES + EXPIRY_BYTES : HEADER_BYTES
    const address = this.allocate(keyOffset + keyLength + inlineBytes)
    const chunk = address >>> CHUNK_SHIFT
    const unit = address & UNIT_MASK
    const words = this.words[chunk]
    const word = unit << 1
    words[word] = expires ? meta | HAS_EXPIRY : meta & ~HAS_EXPIRY
    words[word + 1] = keyLength
    words[word + 2] = inlineBytes
    if (expires) {
      words[word + 3] = expiryMs
      words[word + 4] = Math.floor(expiryMs / TWO_32)
    }
    const bytes = this.bytes[chunk]
    let at = (unit << 3) + keyOffset
    if (keyLength <= 64) for (let i = start; i < end; i++) bytes[at++] = key[i]
    else bytes.set(key.subarray(start, end), at)
    return address
  }

  /**
   * Makes an element named name[start, end), with eight bytes of value behind the name (`hasValue`) or none: nothing else can be said
   * of it, and payload(), expiry and access clock are not to be asked for.
   */
  createMember(name: Uint8Array, start: number, end: number, hasValue: boolean): number {
    const length = end - start
    const encoding = hasValue ? ENCODING_INT64 : ENCODING_PLAIN
    const valueBytes = hasValue ? 8 : 0
    if (length > MEMBER_NAME_MAX_BYTES) {
      return this.create(encoding << ENCODING_SHIFT, name, start, end, valueBytes, Number.NaN)
    }
    const address = this.allocate(MEMBER_HEADER_BYTES + length + valueBytes)
    const chunk = address >>> CHUNK_SHIFT
    const unit = address & UNIT_MASK
    this.words[chunk][unit << 1] = TYPE_MEMBER | (encoding << ENCODING_SHIFT) | (length << CLOCK_SHIFT)
    const bytes = this.bytes[chunk]
    let at = (unit << 3) + MEMBER_HEADER_BYTES
    if (length <= 64) for (let i = start; i < end; i++) bytes[at++] = name[i]
    else bytes.set(name.subarray(start, end), at)
    return address
  }

  /** Gives back the entry's slot and, for a Buffer of its own, that. A large value is its owner's business. */
  destroy(address: number): void {
    const words = this.words[address >>> CHUNK_SHIFT]
    const word = (address & UNIT_MASK) << 1
    const encoding = (words[word] >>> ENCODING_SHIFT) & ENCODING_MASK
    if (isExternal(encoding)) this.dropBuffer(words[word + 2])
    this.free(address, this.entryBytes(address))
  }

  /**
   * Moves the entry to another slot, and returns its new address: whatever holds the old one has to be told. `size`: of what is no
   * entry, what its slot was allocated for.
   */
  relocate(address: number, size = this.entryBytes(address)): number {
    const next = this.allocate(size)
    const from = this.words[address >>> CHUNK_SHIFT]
    const to = this.words[next >>> CHUNK_SHIFT]
    let source = (address & UNIT_MASK) << 1
    let target = (next & UNIT_MASK) << 1
    for (const end = source + ((size + 3) >>> 2); source < end; source++) to[target++] = from[source]
    this.free(address, size)
    return next
  }

  /** Bytes asked of the slab for this entry. */
  entryBytes(address: number): number {
    const words = this.words[address >>> CHUNK_SHIFT]
    const word = (address & UNIT_MASK) << 1
    const meta = words[word]
    if ((meta & TYPE_MASK) === TYPE_MEMBER) {
      const name = MEMBER_HEADER_BYTES + (meta >>> CLOCK_SHIFT)
      return ((meta >>> ENCODING_SHIFT) & ENCODING_MASK) === ENCODING_INT64 ? name + 8 : name
    }
    return (
      (meta & HAS_EXPIRY ? HEADER_BYTES + EXPIRY_BYTES : HEADER_BYTES) +
      words[word + 1] +
      this.inlineBytes(meta, words[word + 2])
    )
  }

  private inlineBytes(meta: number, word2: number): number {
    switch ((meta >>> ENCODING_SHIFT) & ENCODING_MASK) {
      case ENCODING_RAW:
      case ENCODING_PLAIN:
      case ENCODING_LISTPACK:
      case ENCODING_INTSET:
        return word2
      case ENCODING_INT64:
        return 8
      default:
        return 0
    }
  }

  /** Bytes of value that the entry's slot has room for, as inline bytes. */
  inlineCapacity(address: number): number {
    const words = this.words[address >>> CHUNK_SHIFT]
    const word = (address & UNIT_MASK) << 1
    const head = (words[word] & HAS_EXPIRY ? HEADER_BYTES + EXPIRY_BYTES : HEADER_BYTES) + words[word + 1]
    return Slabs.slotBytes(this.entryBytes(address)) - head
  }

  /** Sets the encoding and the inline length, which has to stay within the same slot class (see fitsSlot). */
  setInline(address: number, encoding: number, length: number): void {
    const words = this.words[address >>> CHUNK_SHIFT]
    const word = (address & UNIT_MASK) << 1
    words[word] = (words[word] & ~(ENCODING_MASK << ENCODING_SHIFT)) | (encoding << ENCODING_SHIFT)
    words[word + 2] = length
  }

  /** Whether `inlineBytes` of value would live in a slot of the size that the entry has now. */
  fitsSlot(address: number, inlineBytes: number): boolean {
    const words = this.words[address >>> CHUNK_SHIFT]
    const word = (address & UNIT_MASK) << 1
    const meta = words[word]
    const head = (meta & HAS_EXPIRY ? HEADER_BYTES + EXPIRY_BYTES : HEADER_BYTES) + words[word + 1]
    const now = head + this.inlineBytes(meta, words[word + 2])
    const then = head + inlineBytes
    return (now + 7) >>> 3 === (then + 7) >>> 3 || Slabs.slotBytes(now) === Slabs.slotBytes(then)
  }

  meta(address: number): number {
    return this.words[address >>> CHUNK_SHIFT][(address & UNIT_MASK) << 1]
  }
  setMeta(address: number, meta: number): void {
    this.words[address >>> CHUNK_SHIFT][(address & UNIT_MASK) << 1] = meta
  }
  type(address: number): number {
    return this.words[address >>> CHUNK_SHIFT][(address & UNIT_MASK) << 1] & TYPE_MASK
  }
  encoding(address: number): number {
    return (this.words[address >>> CHUNK_SHIFT][(address & UNIT_MASK) << 1] >>> ENCODING_SHIFT) & ENCODING_MASK
  }
  /** The 24 bits of LRU clock or LFU counter. */
  clock(address: number): number {
    return this.words[address >>> CHUNK_SHIFT][(address & UNIT_MASK) << 1] >>> CLOCK_SHIFT
  }
  setClock(address: number, clock: number): void {
    const words = this.words[address >>> CHUNK_SHIFT]
    const word = (address & UNIT_MASK) << 1
    words[word] = (words[word] & ~CLOCK_BITS) | (clock << CLOCK_SHIFT)
  }
  /** Word 2: inline length, the INT32's bits, or the object's number, by encoding. */
  payload(address: number): number {
    return this.words[address >>> CHUNK_SHIFT][((address & UNIT_MASK) << 1) + 2]
  }
  setPayload(address: number, value: number): void {
    this.words[address >>> CHUNK_SHIFT][((address & UNIT_MASK) << 1) + 2] = value
  }

  /** The chunk's memory that holds the entry; the offsets below count in it. */
  memory(address: number): Buffer {
    return this.bytes[address >>> CHUNK_SHIFT]
  }
  keyLength(address: number): number {
    const words = this.words[address >>> CHUNK_SHIFT]
    const word = (address & UNIT_MASK) << 1
    const meta = words[word]
    return (meta & TYPE_MASK) === TYPE_MEMBER ? meta >>> CLOCK_SHIFT : words[word + 1]
  }
  keyStart(address: number): number {
    const unit = address & UNIT_MASK
    return (unit << 3) + headerBytes(this.words[address >>> CHUNK_SHIFT][unit << 1])
  }
  /** Offset of the inline value's first byte. */
  valueStart(address: number): number {
    return this.keyStart(address) + this.keyLength(address)
  }

  /** Unix time in milliseconds, or NaN. Rounded beyond 2^53, which does no harm in comparisons with a clock. */
  expiry(address: number): number {
    const words = this.words[address >>> CHUNK_SHIFT]
    const word = (address & UNIT_MASK) << 1
    return words[word] & HAS_EXPIRY ? (words[word + 4] | 0) * TWO_32 + words[word + 3] : Number.NaN
  }
  /** The expiry of an entry that has one, to the last digit. */
  exactExpiry(address: number): bigint {
    return (BigInt(this.expiryHigh(address) | 0) << 32n) | BigInt(this.expiryLow(address))
  }
  /** The halves of the expiry of an entry that has one, without their signs. */
  expiryLow(address: number): number {
    return this.words[address >>> CHUNK_SHIFT][((address & UNIT_MASK) << 1) + 3]
  }
  expiryHigh(address: number): number {
    return this.words[address >>> CHUNK_SHIFT][((address & UNIT_MASK) << 1) + 4]
  }
  /** Overwrites the expiry of an entry that has one. */
  setExpiry(address: number, expiryMs: number): void {
    this.setExpiryHalves(address, expiryMs, Math.floor(expiryMs / TWO_32))
  }
  setExactExpiry(address: number, expiryMs: bigint): void {
    this.setExpiryHalves(address, Number(expiryMs & 0xffffffffn), Number(expiryMs >> 32n))
  }
  private setExpiryHalves(address: number, low: number, high: number): void {
    const words = this.words[address >>> CHUNK_SHIFT]
    const word = (address & UNIT_MASK) << 1
    words[word + 3] = low
    words[word + 4] = high
  }
  /** Gives `to` what expiry `from` has, if any, to the last digit: whoever makes one entry of another has given it room. */
  copyExpiry(from: number, to: number): void {
    if (this.meta(from) & HAS_EXPIRY) this.setExpiryHalves(to, this.expiryLow(from), this.expiryHigh(from))
  }

  keyEquals(address: number, key: Uint8Array, start: number, end: number): boolean {
    const chunk = address >>> CHUNK_SHIFT
    const unit = address & UNIT_MASK
    const words = this.words[chunk]
    const word = unit << 1
    const meta = words[word]
    if (((meta & TYPE_MASK) === TYPE_MEMBER ? meta >>> CLOCK_SHIFT : words[word + 1]) !== end - start) return false
    const bytes = this.bytes[chunk]
    let at = (unit << 3) + headerBytes(meta)
    for (let i = start; i < end; i++) if (bytes[at++] !== key[i]) return false
    return true
  }

  hashOf(address: number): number {
    const start = this.keyStart(address)
    return hashBytes(this.memory(address), start, start + this.keyLength(address))
  }

  /** A view of the key's bytes; valid until the entry moves. */
  keyView(address: number): Buffer {
    const start = this.keyStart(address)
    return this.memory(address).subarray(start, start + this.keyLength(address))
  }
  /** A copy of the key's bytes. */
  keyCopy(address: number): Buffer {
    return Buffer.from(this.keyView(address))
  }

  /** An INT32's or INT64's value when a JavaScript number holds it exactly, else NaN. */
  safeInteger(address: number): number {
    if (this.encoding(address) === ENCODING_INT32) return this.payload(address) | 0
    const bytes = this.memory(address)
    const start = this.valueStart(address)
    const value = bytes.readInt32LE(start + 4) * TWO_32 + bytes.readUInt32LE(start)
    return Number.isSafeInteger(value) ? value : Number.NaN
  }
  /** An INT32's or INT64's value. */
  bigInteger(address: number): bigint {
    if (this.encoding(address) === ENCODING_INT32) return BigInt(this.payload(address) | 0)
    return this.memory(address).readBigInt64LE(this.valueStart(address))
  }

  addBuffer(buffer: Buffer): number {
    this.externalBytes += buffer.buffer.byteLength
    return this.buffers.add(buffer)
  }
  replaceBuffer(number: number, buffer: Buffer): void {
    const old = this.buffers.get(number)
    this.externalBytes += buffer.buffer.byteLength - old.buffer.byteLength
    this.buffers.set(number, buffer)
    // A string that was appended to in place lives on in the same memory.
    if (old.buffer !== buffer.buffer) this.recycle(number, old)
  }
  dropBuffer(number: number): void {
    const old = this.buffers.get(number)
    this.externalBytes -= old.buffer.byteLength
    this.buffers.remove(number)
    this.recycle(number, old)
  }

  /** As for slabs, and of the Buffers those that no reply refers to. */
  override releaseAll(): void {
    super.releaseAll()
    this.released?.addAll(this.ownMemory(this.lent.numbers()))
  }

  private *ownMemory(lent: ReadonlySet<number>): Generator<ArrayBufferLike> {
    for (let number = 0; number < this.buffers.end; number++) {
      const buffer = this.buffers.peek(number)
      if (buffer !== null && !lent.has(number)) yield buffer.buffer
    }
  }

  /** The Buffer, for a reply that refers to it: its memory will not be used again for another value. */
  lendBuffer(number: number): Buffer {
    this.lent.lend(number)
    return this.buffers.get(number)
  }

  /** Whether replies may refer to the Buffer: its bytes are not to be changed in place then. */
  isLent(number: number): boolean {
    return this.lent.isLent(number, this.buffers.get(number))
  }

  private recycle(number: number, buffer: Buffer): void {
    if (this.lent.forget(number)) this.released?.addLent(buffer.buffer)
    else if (this.held.isHeld(buffer.buffer) || !this.pool.give(buffer)) this.released?.add(buffer.buffer)
  }

  /** Whether the bytes of the Buffer with this number have to stay as they are: for replies, or for those who hold it. */
  isShared(number: number): boolean {
    return this.isLent(number) || this.held.isHeld(this.buffers.get(number).buffer)
  }

  /** A Buffer of the store's own with a copy of bytes[start, end). */
  copyOf(bytes: Buffer, start: number, end: number): Buffer {
    const copy = this.pool.take(end - start)
    bytes.copy(copy, 0, start, end)
    return copy
  }
}
