/** The base that a rewrite makes: a snapshot, written beside its place under a temporary name until it is whole. */

import path from 'node:path'
import { wallClock } from '../../clock/platform.js'
import type { Config } from '../../config/config.js'
import { strerror } from '../../config/strerror.js'
import type { Log } from '../../observe/log.js'
import { FileSink, MoveError } from '../file-sink.js'
import type { BackgroundSink } from '../saver.js'
import { CommandsSink } from './commands-sink.js'

export interface BaseFile {
  readonly sink: BackgroundSink
  readonly extension: 'rdb' | 'aof'
  readonly temporaryName: string
  /** Logs why it could not be written. */
  logFailure(log: Log, failure: Error): void
}

let lastTemporary = 0

/** How a base is written, and what its name ends with. */
export function extensionOf(values: Config['values']): 'rdb' | 'aof' {
  return values['aof-use-rdb-preamble'] ? 'rdb' : 'aof'
}

/** A name that no other rewrite of this process uses: the file of one that was given up may go a little later. */
export function temporaryBase(): string {
  return `temp-rewriteaof-bg-${process.pid}-${++lastTemporary}.aof`
}

/** The time for the first line of a base of commands, in seconds, if there is to be one. */
export function timestampOf(values: Config['values'], nowMs: number): number | null {
  return values['aof-timestamp-enabled'] ? Math.floor(nowMs / 1000) : null
}

/** @throws an Error with a line for the log */
export function openBase(
  { disk, values }: Config,
  temporary: string,
  final: string,
  onSlice: (ms: number) => void,
): BaseFile {
  let file: FileSink
  try {
    file = new FileSink(disk, temporary, final, values['aof-rewrite-incremental-fsync'])
  } catch (error) {
    throw new Error(`Opening the temp file for AOF rewrite in rewriteAppendOnlyFile(): ${strerror(error)}`)
  }
  const asCommands = !values['aof-use-rdb-preamble']
  return {
    sink: asCommands ? new CommandsSink(file, { onSlice, timestampSeconds: timestampOf(values, wallClock()) }) : file,
    extension: asCommands ? 'aof' : 'rdb',
    temporaryName: path.basename(temporary),
    logFailure: (log, failure) => log.warning(lineAbout(failure, temporary, final)),
  }
}

function lineAbout(failure: Error, temporary: string, final: string): string {
  if (!(failure instanceof MoveError)) return `Write error writing append only file on disk: ${strerror(failure)}`
  const names = `${path.basename(temporary)} into ${path.basename(final)}`
  return `Error trying to rename the temporary AOF base file ${names}: ${strerror(failure.cause)}`
}
