/**
 * Decompresses LZF (lzf.ts) in slices, for strings that would hold everything else up for too long. However the work is cut, the
 * bytes are those of lzfDecompress.
 */
import { decoded, decodeItems } from './lzf.js'

export type Decompression = 'going on' | 'done' | 'malformed'

/** Decompresses one range: make one, then `step` until it is no longer going on. */
export class LzfDecompressor {
  private readonly source: Uint8Array
  private readonly end: number
  private readonly target: Uint8Array
  private position: number
  private out = 0

  /** Decompresses `source[start, end)` so that it fills `target` exactly. */
  constructor(source: Uint8Array, start: number, end: number, target: Uint8Array) {
    this.source = source
    this.position = start
    this.end = end
    this.target = target
  }

  /** Fills about `bytes` further bytes of the target. */
  step(bytes: number): Decompression {
    const { source, end, target } = this
    decodeItems(source, this.position, end, target, this.out, 0, target.length, this.out + bytes)
    if (decoded.out < 0) return 'malformed'
    this.position = decoded.position
    this.out = decoded.out
    if (this.position < end) return 'going on'
    return this.out === target.length ? 'done' : 'malformed'
  }
}
