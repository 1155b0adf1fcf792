/** Decompresses LZF in slices: what lzfDecompress does in one go, for values that would hold up everybody else. */

const MAX_LITERALS = 32
/** From this many bytes on, a call to copy or fill costs less than a loop. */
const BULK_COPY_MIN = 64

export class LzfUnpackSlices {
  /** The whole result is there, or the input has turned out to be malformed. */
  done = false
  /** The result fills its place exactly; only when `done`. */
  sound = false
  private readonly source: Uint8Array
  private readonly end: number
  private readonly target: Uint8Array
  private position: number
  private out = 0

  /** Of source[start, end), whose bytes stay as they are meanwhile; all of `target` is to be filled. */
  constructor(source: Uint8Array, start: number, end: number, target: Uint8Array) {
    this.source = source
    this.position = start
    this.end = end
    this.target = target
  }

  /** Goes on for about `bytes` of the result. Returns `done`. */
  step(bytes: number): boolean {
    if (this.done) return true
    const { end, source, target } = this
    let { out, position } = this
    const stopAt = Math.min(target.length, out + bytes)
    while (position < end && out < stopAt) {
      const control = source[position++]
      if (control < MAX_LITERALS) {
        const stop = position + control + 1
        if (stop > end || out + control + 1 > target.length) return this.finish(false)
        while (position < stop) target[out++] = source[position++]
        continue
      }
      let count = (control >>> 5) + 2
      if (count === 9) {
        if (position >= end) return this.finish(false)
        count += source[position++]
      }
      if (position >= end) return this.finish(false)
      let from = out - ((control & 0x1f) << 8) - source[position++] - 1
      const stop = out + count
      if (from < 0 || stop > target.length) return this.finish(false)
      if (count < BULK_COPY_MIN) {
        while (out < stop) target[out++] = target[from++]
      } else if (from + count <= out) target.copyWithin(out, from, from + count)
      else if (from + 1 === out) target.fill(target[from], out, stop)
      else while (out < stop) target[out++] = target[from++]
      out = stop
    }
    this.out = out
    this.position = position
    if (position === end) return this.finish(out === target.length)
    // Bytes that are left over when the result is full make it malformed, whatever they are.
    return out === target.length ? this.finish(false) : false
  }

  private finish(sound: boolean): boolean {
    this.done = true
    this.sound = sound
    return true
  }
}
