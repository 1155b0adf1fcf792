/**
 * Loads RDB files: at start-up, for DEBUG RELOAD, and those that a master sends. Loading goes in slices, between which clients
 * get -LOADING and INFO shows the progress.
 */

import fs from 'node:fs'
import path from 'node:path'
import { delay, nextTurn, performance } from '../../clock/platform.js'
import { replaceFile } from '../../persistence/file-removal.js'
import { syncDirectory } from '../../persistence/file-sink.js'
import type { KeyspaceTargetOptions } from '../../persistence/rdb/load.js'
import { RdbReader } from '../../persistence/rdb/reader.js'
import { systemText } from '../../persistence/saver.js'
import { auxNumber } from '../../rdb/aux-number.js'
import { RdbError } from '../../rdb/error.js'
import { ExpiredKeysTarget } from '../../replication/expired-keys.js'
import { renameFailure } from '../../replication/transfer.js'
import { type AofLoaderHost, loadAppendOnlyFile } from './aof-loader.js'
import { StagedLoad, type StagedLoadHost } from './staged-load.js'

const CHUNK_BYTES = 256 * 1024
const SLICE_MS = 4
const REPLID_LENGTH = 40
const MEGABYTE = 1024 * 1024

export interface LoaderHost extends StagedLoadHost, AofLoaderHost {
  stateChanged(): void
  readonly loader: StagedLoadHost['loader'] & AofLoaderHost['loader']
}

export class Loader {
  loading = false
  /** Clients go on with the old data meanwhile (repl-diskless-load swapdb). */
  async = false
  startedMs = 0
  totalBytes = 0
  loadedBytes = 0
  savedUsedBytes = 0
  private readonly server: LoaderHost

  constructor(server: LoaderHost) {
    this.server = server
  }

  /** Loads what the configuration names, if it is there. Rejects with why it cannot be loaded. */
  async loadAtStart(): Promise<void> {
    if (this.server.config.values.appendonly) await this.loadCommandsAtStart()
    else await this.loadFileAtStart()
  }

  /** Where there is an append-only file, it is more complete than the RDB file, which is left alone. */
  private async loadCommandsAtStart(): Promise<void> {
    const { aof, log, saver } = this.server
    const started = performance.now()
    const result = await loadAppendOnlyFile(this.server)
    if (result !== 'absent') {
      log.notice(`DB loaded from append only file: ${((performance.now() - started) / 1000).toFixed(3)} seconds`)
    } else if (fs.existsSync(saver.file)) {
      log.warning(
        `WARNING: appendonly is on and there is no append-only file: the data start empty, and ${saver.file} is not loaded. To take it over, start with appendonly no, and turn it on with CONFIG SET.`,
      )
    }
    aof.openAtStart()
    aof.files.removeHistory()
  }

  private async loadFileAtStart(): Promise<void> {
    const { server } = this
    const { saver, log } = server
    let fd: number
    try {
      fd = fs.openSync(saver.file, 'r')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw new Error(`Fatal error loading the DB ${saver.file}: ${systemText(error as Error)}. Exiting.`)
    }
    const started = performance.now()
    try {
      await this.load(fd, 'own')
    } catch (error) {
      const { message } = error as Error
      if (!(error instanceof RdbError))
        throw new Error(`Fatal error loading the DB ${saver.file}: ${message}. Exiting.`)
      log.warning(`Internal error in RDB reading offset ${error.offset} -> ${message}`)
      throw new Error(
        `Fatal error loading the DB ${saver.file}: ${message}. Terminating server after rdb file reading failure.`,
      )
    }
    saver.lastSaveSeconds = Math.floor(this.server.keyspace.time.now() / 1000)
    log.notice(`DB loaded from disk: ${((performance.now() - started) / 1000).toFixed(3)} seconds`)
  }

  /**
   * Replaces all data by a file that the master sent, which becomes this server's own file once it is loaded: a file that
   * turns out to be broken must not be what the next start finds. An error's message is the log's line about it.
   */
  loadFromMaster(file: string, done: (error: Error | null) => void): void {
    const { server } = this
    const { log } = server
    let fd: number
    try {
      fd = fs.openSync(file, 'r')
    } catch (error) {
      done(loadFailure(error as Error))
      return
    }
    log.notice('MASTER <-> REPLICA sync: Flushing old data')
    server.keyspace.flushAll(server.config.values['replica-lazy-flush'])
    server.scripts.functions.clear()
    log.notice('MASTER <-> REPLICA sync: Loading DB in memory')
    this.load(fd, 'from-master').then(
      aux => {
        server.keyspace.dirty = 0
        server.replication.masterDatabase = auxNumber(aux.get('repl-stream-db'))
        const failure = this.keep(file)
        // Of another history than replication goes on with.
        if (failure !== null) this.giveUp()
        done(failure)
      },
      (error: Error) => {
        this.giveUp()
        done(loadFailure(error))
      },
    )
  }

  /** What has been loaded of a master's file is of no use. */
  private giveUp(): void {
    const { keyspace, scripts } = this.server
    keyspace.flushAll(false)
    scripts.functions.clear()
  }

  private keep(file: string): Error | null {
    const { config, saver } = this.server
    const name = config.values.dbfilename
    try {
      replaceFile(file, saver.file)
    } catch (error) {
      return new Error(renameFailure(name, error))
    }
    try {
      syncDirectory(path.dirname(saver.file))
    } catch (error) {
      return new Error(
        `Failed trying to sync DB directory ${name} in MASTER <-> REPLICA synchronization: ${systemText(error as Error)}`,
      )
    }
    saver.removeSyncFile('Removing the RDB file obtained from the master. This replica has persistence disabled')
    return null
  }

  /** Begins to load what a master sends from the socket. `async`: clients may go on with the old data meanwhile. */
  loadFromSocket(totalBytes: number, async: boolean): StagedLoad {
    return new StagedLoad(this.server, totalBytes, async)
  }

  /** Reads an open file into the keyspace; resolves to the auxiliary fields of its head. */
  private async load(fd: number, source: 'own' | 'from-master'): Promise<Map<string, string>> {
    const { server } = this
    const { keyspace, config, log, replication, saver } = server
    const aux = new Map<string, string>()
    const options: KeyspaceTargetOptions = {
      dropExpired: source === 'own' && config.values.replicaof === null,
      limits: server.valueLimits,
      aux: (name, value) => {
        aux.set(name, value)
        this.noteOrigin(name, value)
        // The last of replication's fields, all of them ahead of the keys.
        if (name === 'repl-offset' && source === 'own') this.restoreHistory(aux)
      },
      library: code => server.scripts.functions.load(code),
      warn: message => log.warning(message),
    }
    const target = new ExpiredKeysTarget(keyspace, options, (database, del) => {
      if (replication.stream.active) replication.feed(database, del, 0, del.length)
    })
    const totalBytes = fs.fstatSync(fd).size
    const reader = new RdbReader(target, { checksum: config.values.rdbchecksum, totalBytes })
    this.begin(totalBytes)
    try {
      await this.readAll(fd, reader)
    } finally {
      fs.closeSync(fd)
      this.end()
    }
    saver.keysLoaded = target.keysLoaded
    saver.keysExpired = target.keysExpired
    log.notice(target.summary)
    return aux
  }

  /** Logs what a file says of whoever made it. */
  noteOrigin(name: string, value: string): void {
    const { log } = this.server
    if (name === 'redis-ver') log.notice(`Loading RDB produced by version ${value}`)
    else if (name === 'ctime') {
      log.notice(
        `RDB age ${Math.max(0, Math.floor(this.server.keyspace.time.now() / 1000) - auxNumber(value))} seconds`,
      )
    } else if (name === 'used-mem') {
      this.savedUsedBytes = auxNumber(value)
      log.notice(`RDB memory usage when created ${(this.savedUsedBytes / MEGABYTE).toFixed(2)} Mb`)
    }
  }

  private restoreHistory(aux: ReadonlyMap<string, string>): void {
    const replid = aux.get('repl-id')
    const offset = Number(aux.get('repl-offset'))
    if (replid?.length !== REPLID_LENGTH || !Number.isSafeInteger(offset) || offset < 0) return
    this.server.replication.restore(replid, offset, auxNumber(aux.get('repl-stream-db')))
  }

  /** A load begins: clients are told so. */
  begin(size: number, async = false): void {
    this.loading = true
    this.async = async
    this.startedMs = this.server.keyspace.time.now()
    this.totalBytes = size
    this.loadedBytes = 0
    this.savedUsedBytes = 0
    this.server.keyspace.loading = !async
    this.server.stateChanged()
  }

  end(): void {
    this.loading = false
    this.async = false
    this.server.keyspace.loading = false
    this.server.stateChanged()
  }

  private async readAll(fd: number, reader: RdbReader): Promise<void> {
    const { values } = this.server.config
    let delayMs = 0
    let deadline = performance.now() + SLICE_MS
    // The reader keeps nothing of it: chunk[at, end) is still to be taken.
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    let at = 0
    let end = 0
    while (!reader.done) {
      if (at === end && !reader.isBusy) {
        at = 0
        end = fs.readSync(fd, chunk, 0, Math.min(CHUNK_BYTES, values['loading-process-events-interval-bytes']), null)
        if (end === 0) reader.end()
      }
      const keysBefore = reader.keysRead
      const taken = reader.push(chunk.subarray(at, end), deadline)
      at += taken
      this.loadedBytes += taken
      // For tests of what happens while a dataset is loaded: so many microseconds a key.
      delayMs += Math.max(0, ((reader.keysRead - keysBefore) * values['key-load-delay']) / 1000)
      if (delayMs < 1 && performance.now() < deadline) continue
      await (delayMs < 1 ? nextTurn() : delay(delayMs))
      if (delayMs >= 1) delayMs = 0
      deadline = performance.now() + SLICE_MS
    }
  }
}

function loadFailure(error: Error): Error {
  return new Error(`Failed trying to load the MASTER synchronization DB from disk: ${error.message}`)
}
