/** The entries of a stream's node, as a command each. */
import type { RequestOutput } from '../../resp/request-output.js'
import { lpEntrySize, lpIsInteger } from '../../store/listpack/listpack.js'
import { ByteRange } from '../byte-range.js'
import { type PackedCommands, STEP_BYTES, STEP_ELEMENTS } from '../commands-reader.js'
import type { KeyCommands } from '../key-commands.js'
import { NodeEntries } from './node-entries.js'
import { ID_TEXT_BYTES, StreamId } from './stream-id.js'

const idText = Buffer.alloc(ID_TEXT_BYTES)

/** Writes an ID as an argument. */
export function writeId(out: RequestOutput, id: StreamId): void {
  out.bulk(idText, 0, id.write(idText, 0))
}

export class EntryCommands implements PackedCommands {
  /** ID of the node that begin() is called for. */
  readonly nodeId = new StreamId()
  /** Entries written since it was set to 0. */
  written = 0
  private readonly commands: KeyCommands
  private readonly name: Buffer
  private readonly entry = new NodeEntries()
  private readonly text = new ByteRange()
  private stays = false
  /** Of the entry: fields that are still to be written, and where the next one and the next value are. */
  private left = 0
  private fieldPos = 0
  private pos = 0

  /** @param name of the command that adds an entry. */
  constructor(commands: KeyCommands, name: Buffer) {
    this.commands = commands
    this.name = name
  }

  begin(bytes: Buffer, start: number, stays: boolean): void {
    this.entry.openBytes(this.nodeId, bytes, start)
    this.stays = stays
    this.left = 0
  }

  step(): boolean {
    const { commands } = this
    for (let seen = 0, bytes = 0; seen < STEP_ELEMENTS && bytes < STEP_BYTES; seen++) {
      if (this.stays && commands.out.isBusy) return false
      if (this.left === 0) {
        if (!this.nextEntry()) return true
        continue
      }
      bytes += this.writeField()
    }
    return false
  }

  /** Goes to the next entry that is there, and begins its command. */
  private nextEntry(): boolean {
    const { commands, entry } = this
    do {
      if (!entry.next()) return false
    } while (entry.isDeleted)
    this.written++
    this.left = entry.fields
    this.fieldPos = entry.masterFieldsPos
    this.pos = entry.fieldsPos
    commands.command(this.name, 3 + 2 * entry.fields)
    writeId(commands.out, entry.id)
    return true
  }

  /** Writes a field and its value; returns how many bytes they have. */
  private writeField(): number {
    const { entry } = this
    const before = this.pos
    if (entry.sharesFields) this.fieldPos = this.write(this.fieldPos)
    else this.pos = this.write(this.pos)
    this.pos = this.write(this.pos)
    this.left--
    return this.pos - before
  }

  /** Writes the element at `pos` as an argument; returns the position behind it. */
  private write(pos: number): number {
    const { commands, entry, stays, text } = this
    const { buffer } = entry.listpack
    text.readListpack(buffer, pos)
    if (stays && !lpIsInteger(buffer, pos)) commands.out.bulkKept(text.buffer, text.start, text.end)
    else commands.out.bulk(text.buffer, text.start, text.end)
    return pos + lpEntrySize(buffer, pos)
  }
}
