/** Bytes that arrived while their client was blocked, or behind more requests than a turn has time for. */
export class HeldInput {
  readonly pieces: Buffer[] = []
  bytes = 0

  /** Adds bytes that nobody changes any more. */
  add(piece: Buffer): void {
    this.pieces.push(piece)
    this.bytes += piece.length
  }

  /** The same in front of what is there. */
  addFirst(piece: Buffer): void {
    this.pieces.unshift(piece)
    this.bytes += piece.length
  }

  dropFirst(): void {
    this.bytes -= this.pieces.shift()?.length ?? 0
  }
}
