/** Reads sets of a snapshot as SADD commands. */
import { RDB_TYPE_SET, RDB_TYPE_SET_INTSET } from '../../rdb/format.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import { StringReader } from '../../rdb/string-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import { bulks } from '../../resp/request-output.js'
import { intsetLength } from '../../store/intset.js'
import { ByteRange } from '../byte-range.js'
import { CommandsReader, type PackedCommands, STEP_ELEMENTS } from '../commands-reader.js'
import type { KeyCommands } from '../key-commands.js'

const SADD = bulks('SADD')

export class SetCommandsReader extends CommandsReader {
  private readonly integers: IntsetCommands
  private readonly member = new StringReader()

  constructor(window: RdbWindow, keys: KeyReader, commands: KeyCommands) {
    super(window, keys, commands)
    this.integers = new IntsetCommands(commands)
  }

  read(type: number, bytes: Buffer, at: number, end: number): number {
    switch (type) {
      case RDB_TYPE_SET:
        return this.readHead(bytes, at, end)
      case RDB_TYPE_SET_INTSET:
        return this.readPacked(this.integers, bytes, at, end)
      default:
        return this.failForm(type, at)
    }
  }

  protected readElement(bytes: Buffer, at: number, end: number): number {
    const { commands, member, window } = this
    const next = window.locate(member, bytes, at, end)
    if (next < 0) return next
    window.decode(member, bytes)
    if (commands.due === 0) commands.batch(SADD, this.left, 1)
    commands.due--
    commands.bulk(member)
    return next
  }
}

class IntsetCommands implements PackedCommands {
  private readonly commands: KeyCommands
  private intset: Buffer = Buffer.alloc(0)
  private at = 0
  private index = 0
  private length = 0
  private readonly text = new ByteRange()

  constructor(commands: KeyCommands) {
    this.commands = commands
  }

  begin(bytes: Buffer, start: number): void {
    this.intset = bytes
    this.at = start
    this.index = 0
    this.length = intsetLength(bytes, start)
  }

  step(): boolean {
    const { commands, length, text } = this
    const until = Math.min(length, this.index + STEP_ELEMENTS)
    for (; this.index < until; this.index++, commands.due--) {
      if (commands.due === 0) commands.batch(SADD, length - this.index, 1)
      text.readIntset(this.intset, this.at, this.index)
      commands.out.bulk(text.buffer, text.start, text.end)
    }
    return until === length
  }
}
