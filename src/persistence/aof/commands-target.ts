/** Where the bytes of a snapshot are read to that become commands. */
import type { KeyReader } from '../../rdb/key-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import { bulks } from '../../resp/request-output.js'
import type { KeyCommands } from '../../types/key-commands.js'
import type { ValueKind } from '../../types/value-kind.js'
import type { ValueReader } from '../../types/value-reader.js'
import type { RdbTarget } from '../rdb/target.js'

const FUNCTION_LOAD = bulks('FUNCTION', 'LOAD')

export class CommandsTarget implements RdbTarget {
  private readonly commands: KeyCommands

  constructor(commands: KeyCommands) {
    this.commands = commands
  }

  valueReader(kind: ValueKind, window: RdbWindow, keys: KeyReader): ValueReader {
    return kind.commandsReader(window, keys, this.commands)
  }

  library(code: Buffer): null {
    const { out } = this.commands
    out.begin(3)
    out.raw(FUNCTION_LOAD)
    out.bulkKept(code, 0, code.length)
    return null
  }

  selectDatabase(index: number): boolean {
    this.commands.database = index
    return true
  }

  warn(message: string): void {
    throw new Error(message)
  }

  // Nothing that commands say.
  aux(): void {}
  resizeDatabase(): void {}
  keysAhead(): void {}
}
