/**
 * Reads lists of a snapshot as RPUSH commands. How many elements a list has is not known ahead, but how many there are in a node:
 * a command takes elements of one node.
 */
import { RDB_TYPE_LIST_QUICKLIST_2 } from '../../rdb/format.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import { StringReader } from '../../rdb/string-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import { bulks } from '../../resp/request-output.js'
import { CommandsReader } from '../commands-reader.js'
import type { KeyCommands } from '../key-commands.js'
import { ListpackCommands } from '../listpack-commands.js'
import { PACKED_NODE } from './held-list.js'

const RPUSH = bulks('RPUSH')

export class ListCommandsReader extends CommandsReader {
  private readonly elements: ListpackCommands
  private readonly value = new StringReader()

  constructor(window: RdbWindow, keys: KeyReader, commands: KeyCommands) {
    super(window, keys, commands)
    this.elements = new ListpackCommands(commands, RPUSH, 1)
  }

  read(type: number, bytes: Buffer, at: number, end: number): number {
    return type === RDB_TYPE_LIST_QUICKLIST_2 ? this.readHead(bytes, at, end) : this.failForm(type, at)
  }

  /** Reads how a node is kept, and the node. */
  protected readElement(bytes: Buffer, at: number, end: number): number {
    const { commands, value, window } = this
    const nodeAt = window.length(bytes, at, end)
    if (nodeAt < 0) return nodeAt
    if (window.lengths.value === PACKED_NODE) return this.readNode(this.elements, bytes, nodeAt, end)
    const next = window.locate(value, bytes, nodeAt, end)
    if (next < 0) return next
    window.decode(value, bytes)
    commands.command(RPUSH, 3)
    commands.bulk(value)
    return next
  }
}
