/** Bytes that are read in pieces, wherever they lie. */
export interface ByteSource {
  readonly length: number
  /** Copies bytes [from, to) to target[at, ...). */
  read(from: number, to: number, target: Buffer, at: number): void
}
