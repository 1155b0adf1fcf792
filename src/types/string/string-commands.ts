/** Reads strings of a snapshot as SET commands. */
import { StringReader } from '../../rdb/string-reader.js'
import { bulks } from '../../resp/request-output.js'
import { CommandsReader } from '../commands-reader.js'

const SET = bulks('SET')

export class StringCommandsReader extends CommandsReader {
  private readonly value = new StringReader()

  read(_type: number, bytes: Buffer, at: number, end: number): number {
    const { commands, value, window } = this
    const next = window.locate(value, bytes, at, end)
    if (next < 0) return next
    this.beginKey(bytes)
    window.decode(value, bytes)
    commands.command(SET, 3)
    commands.bulk(value)
    commands.end()
    return next
  }

  protected readElement(_bytes: Buffer, at: number): number {
    return at
  }
}
