/** Byte strings by number, off the heap: what SORT collects. Each takes twelve bytes beside its own. */

const FIRST_CHUNK_BYTES = 4096
const MAX_CHUNK_BYTES = 1024 * 1024
/** The length that stands for nothing. */
const NOTHING = 2 ** 32 - 1
const PLACE_BYTES = 12
const PREFIX_BYTES = 6
/** The prefix of nothing: ahead of all others. */
const NO_PREFIX = -1

export class ByteStrings {
  count = 0
  memoryBytes = 0
  /** With how many bytes all of them begin, as far as noteShared() has looked; a zero byte ends them. */
  private shared = Number.POSITIVE_INFINITY
  /** One that is not nothing; -1: none. */
  private some = -1
  private readonly chunks: Buffer[] = []
  private readonly chunkOf: Uint32Array
  private readonly starts: Uint32Array
  private readonly lengths: Uint32Array
  private used = 0
  private nextBytes = FIRST_CHUNK_BYTES

  /** @param capacity how many there will be at most. */
  constructor(capacity: number) {
    this.chunkOf = new Uint32Array(capacity)
    this.starts = new Uint32Array(capacity)
    this.lengths = new Uint32Array(capacity)
    this.memoryBytes = capacity * PLACE_BYTES
  }

  /** Adds bytes[start, end), copied. */
  add(bytes: Buffer, start: number, end: number): void {
    const length = end - start
    let chunk = this.chunks[this.chunks.length - 1]
    if (chunk === undefined || this.used + length > chunk.length) chunk = this.addChunk(length)
    const { count, used } = this
    if (length <= 32) for (let i = 0; i < length; i++) chunk[used + i] = bytes[start + i]
    else bytes.copy(chunk, used, start, end)
    this.chunkOf[count] = this.chunks.length - 1
    this.starts[count] = used
    this.lengths[count] = length
    if (this.some < 0) this.some = count
    this.used = used + length
    this.count = count + 1
  }

  private addChunk(length: number): Buffer {
    const chunk = Buffer.allocUnsafeSlow(Math.max(length, this.nextBytes))
    this.nextBytes = Math.min(this.nextBytes * 4, MAX_CHUNK_BYTES)
    this.chunks.push(chunk)
    this.memoryBytes += chunk.length
    this.used = 0
    return chunk
  }

  addNothing(): void {
    this.lengths[this.count++] = NOTHING
  }

  isNothing(number: number): boolean {
    return this.lengths[number] === NOTHING
  }

  /** The Buffer that a string lies in, and where: [start, end). */
  buffer(number: number): Buffer {
    return this.chunks[this.chunkOf[number]]
  }
  start(number: number): number {
    return this.starts[number]
  }
  end(number: number): number {
    return this.starts[number] + this.lengths[number]
  }

  /** Looks at how string `number` begins: to be called for all of them ahead of prefix() and the comparisons. */
  noteShared(number: number): void {
    if (this.isNothing(number)) return
    const bytes = this.buffer(number)
    const others = this.buffer(this.some)
    const start = this.starts[number]
    const othersStart = this.starts[this.some]
    const limit = Math.min(this.shared, this.lengths[number], this.lengths[this.some])
    let shared = 0
    while (shared < limit && bytes[start + shared] === others[othersStart + shared] && bytes[start + shared] !== 0) {
      shared++
    }
    this.shared = shared
  }

  /** The first bytes of a string behind those that all share, as a number: where two differ they tell the order. */
  prefix(number: number): number {
    if (this.isNothing(number)) return NO_PREFIX
    const bytes = this.buffer(number)
    const start = this.starts[number] + this.shared
    const end = Math.min(this.end(number), start + PREFIX_BYTES)
    let prefix = 0
    let at = start
    // Behind a zero byte nothing may count: whether it does is for the comparison to say.
    for (; at < end && bytes[at] !== 0; at++) prefix = prefix * 256 + bytes[at]
    return prefix * 256 ** (PREFIX_BYTES - (at - start))
  }

  /** The order of two strings as bytes, as memcmp tells it: negative, 0 or positive. */
  compare(a: number, b: number): number {
    const left = this.buffer(a)
    const right = this.buffer(b)
    const leftStart = this.starts[a]
    const rightStart = this.starts[b]
    const leftLength = this.lengths[a]
    const rightLength = this.lengths[b]
    const shorter = Math.min(leftLength, rightLength)
    for (let i = this.commonStart; i < shorter; i++) {
      const difference = left[leftStart + i] - right[rightStart + i]
      if (difference !== 0) return difference
    }
    return leftLength - rightLength
  }

  /** As compare(), for strings as C has them, which a zero byte ends (strcoll in the C locale). */
  compareText(a: number, b: number): number {
    const left = this.buffer(a)
    const right = this.buffer(b)
    const leftStart = this.starts[a]
    const rightStart = this.starts[b]
    const leftLength = this.lengths[a]
    const rightLength = this.lengths[b]
    for (let i = this.commonStart; ; i++) {
      const leftByte = i < leftLength ? left[leftStart + i] : 0
      const rightByte = i < rightLength ? right[rightStart + i] : 0
      if (leftByte !== rightByte) return leftByte - rightByte
      if (leftByte === 0) return 0
    }
  }

  private get commonStart(): number {
    return this.shared === Number.POSITIVE_INFINITY ? 0 : this.shared
  }

  /** The text of a string up to a zero byte. */
  text(number: number): string {
    const bytes = this.buffer(number).subarray(this.start(number), this.end(number))
    const nul = bytes.indexOf(0)
    return (nul < 0 ? bytes : bytes.subarray(0, nul)).toString()
  }
}
