/** The keys (or channels) among a request's arguments, as found by command-keys.ts. Reused from request to request. */

const FIRST_CAPACITY = 16

export class KeyArguments {
  count = 0
  /** Which argument each is, and what the command does to it: KEY_ flags of spec.ts, or CHANNEL_ flags for channels. */
  indexes = new Int32Array(FIRST_CAPACITY)
  flags = new Int32Array(FIRST_CAPACITY)

  clear(): void {
    this.count = 0
  }

  add(index: number, flags: number): void {
    if (this.count === this.indexes.length) this.grow()
    this.indexes[this.count] = index
    this.flags[this.count++] = flags
  }

  private grow(): void {
    const indexes = new Int32Array(this.count * 2)
    indexes.set(this.indexes)
    this.indexes = indexes
    const flags = new Int32Array(this.count * 2)
    flags.set(this.flags)
    this.flags = flags
  }
}
