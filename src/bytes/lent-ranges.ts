/**
 * Bytes that come as ranges of what was read in one go. A pipeline's requests lie behind one another there: added one by one,
 * they are stored in one go.
 */
export abstract class LentRanges {
  private lender: Buffer | null = null
  /** lender[lentStart, lentEnd) is added and not stored yet. */
  private lentStart = 0
  private lentEnd = 0

  /** Says that `bytes` stay as they are until settle(). */
  lend(bytes: Buffer): void {
    this.storeLent()
    this.lender = bytes
  }

  /** What was lent is about to change. */
  settle(): void {
    this.storeLent()
    this.lender = null
  }

  /** Takes bytes[start, end) in, which may change behind this call. */
  protected abstract store(bytes: Buffer, start: number, end: number): void

  protected add(bytes: Buffer, start: number, end: number): void {
    if (bytes !== this.lender) {
      this.storeLent()
      this.store(bytes, start, end)
      return
    }
    if (start !== this.lentEnd) {
      this.storeLent()
      this.lentStart = start
    }
    this.lentEnd = end
  }

  protected storeLent(): void {
    const { lender, lentStart, lentEnd } = this
    this.forgetLent()
    if (lender !== null && lentEnd > lentStart) this.store(lender, lentStart, lentEnd)
  }

  protected forgetLent(): void {
    this.lentStart = 0
    this.lentEnd = 0
  }
}
