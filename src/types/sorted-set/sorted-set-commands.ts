/** Reads sorted sets of a snapshot as ZADD commands. */
import { DOUBLE_TEXT_BYTES, writeFloat } from '../../bytes/floats/double-text.js'
import { RDB_TYPE_ZSET_2, RDB_TYPE_ZSET_LISTPACK } from '../../rdb/format.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import { StringReader } from '../../rdb/string-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import { bulks, type RequestOutput } from '../../resp/request-output.js'
import { CommandsReader } from '../commands-reader.js'
import type { KeyCommands } from '../key-commands.js'
import { ListpackCommands } from '../listpack-commands.js'
import { scoreAt } from './sorted-set-listpack.js'
import { BINARY_SCORE_BYTES } from './sorted-set-reader.js'

const ZADD = bulks('ZADD')
const scoreText = Buffer.alloc(DOUBLE_TEXT_BYTES)

/** Writes a score as rioWriteBulkDouble in Redis's rio.c does. */
function writeScore(out: RequestOutput, score: number): void {
  out.bulk(scoreText, 0, writeFloat(scoreText, 0, score))
}

export class SortedSetCommandsReader extends CommandsReader {
  private readonly pairs: PairCommands
  private readonly member = new StringReader()

  constructor(window: RdbWindow, keys: KeyReader, commands: KeyCommands) {
    super(window, keys, commands)
    this.pairs = new PairCommands(commands, ZADD, 2)
  }

  read(type: number, bytes: Buffer, at: number, end: number): number {
    switch (type) {
      case RDB_TYPE_ZSET_2:
        return this.readHead(bytes, at, end)
      case RDB_TYPE_ZSET_LISTPACK:
        return this.readPacked(this.pairs, bytes, at, end)
      default:
        return this.failForm(type, at)
    }
  }

  protected readElement(bytes: Buffer, at: number, end: number): number {
    const { commands, member, window } = this
    const scoreBytesAt = window.locate(member, bytes, at, end)
    if (scoreBytesAt < 0) return scoreBytesAt
    const next = scoreBytesAt + BINARY_SCORE_BYTES
    if (next > end) return window.short(next)
    window.decode(member, bytes)
    if (commands.due === 0) commands.batch(ZADD, this.left, 2)
    commands.due--
    writeScore(commands.out, bytes.readDoubleLE(scoreBytesAt))
    commands.bulk(member)
    return next
  }
}

/** Members and their scores, which ZADD wants first. */
class PairCommands extends ListpackCommands {
  protected override writePair(member: number, score: number): void {
    writeScore(this.commands.out, scoreAt(this.listpack, score))
    this.write(member)
  }
}
