/** The elements of a listpack, or pairs of them, as arguments of commands that add them to the key. */
import { LP_HEADER_SIZE, lpEnd, lpEntrySize, lpIsInteger } from '../store/listpack/listpack.js'
import { ByteRange } from './byte-range.js'
import { type PackedCommands, STEP_BYTES, STEP_ELEMENTS } from './commands-reader.js'
import { type KeyCommands, MOST_ELEMENTS } from './key-commands.js'

export class ListpackCommands implements PackedCommands {
  protected readonly commands: KeyCommands
  protected listpack: Buffer = Buffer.alloc(0)
  private readonly name: Buffer
  private readonly stride: 1 | 2
  private stays = false
  private pos = 0
  private end = 0
  private readonly text = new ByteRange()

  /** @param name of the command that adds elements; `stride` 2: pairs, a batch of which has so many arguments. */
  constructor(commands: KeyCommands, name: Buffer, stride: 1 | 2) {
    this.commands = commands
    this.name = name
    this.stride = stride
  }

  begin(bytes: Buffer, start: number, stays: boolean): void {
    this.listpack = bytes
    this.stays = stays
    this.pos = start + LP_HEADER_SIZE
    this.end = lpEnd(bytes, start)
    this.commands.due = 0
  }

  step(): boolean {
    const { commands, listpack } = this
    const until = this.pos + STEP_BYTES
    for (let seen = 0; this.pos < this.end; seen++, commands.due--) {
      if (seen === STEP_ELEMENTS || this.pos >= until || (this.stays && commands.out.isBusy)) return false
      if (commands.due === 0) commands.batch(this.name, this.ahead(), this.stride)
      const { pos } = this
      if (this.stride === 1) {
        this.pos = pos + lpEntrySize(listpack, pos)
        this.write(pos)
        continue
      }
      const second = pos + lpEntrySize(listpack, pos)
      this.pos = second + lpEntrySize(listpack, second)
      this.writePair(pos, second)
    }
    return true
  }

  /** How many elements, or pairs, are still to come, if they are not more than a command takes. */
  private ahead(): number {
    const { end, listpack, stride } = this
    let count = 0
    for (let { pos } = this; pos < end && count < MOST_ELEMENTS * stride; count++) pos += lpEntrySize(listpack, pos)
    return count / stride
  }

  /** Writes the pair of elements at these positions. */
  protected writePair(first: number, second: number): void {
    this.write(first)
    this.write(second)
  }

  /** Writes the element at `pos` as an argument. */
  protected write(pos: number): void {
    const { commands, listpack, text } = this
    text.readListpack(listpack, pos)
    if (this.stays && !lpIsInteger(listpack, pos)) commands.out.bulkKept(text.buffer, text.start, text.end)
    else commands.out.bulk(text.buffer, text.start, text.end)
  }
}
