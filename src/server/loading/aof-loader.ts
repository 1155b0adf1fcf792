/**
 * Loads an append-only file: its base, then the commands behind it, file by file, in slices between which clients get -LOADING.
 * What cannot be loaded is refused as a whole. Source of behaviour and texts: loadAppendOnlyFiles in Redis's aof.c.
 */

import fs from 'node:fs'
import { delay, nextTurn, performance } from '../../clock/platform.js'
import type { Client } from '../../commands/client.js'
import type { Command } from '../../commands/command.js'
import type { ServerApi } from '../../commands/server-api.js'
import { strerror } from '../../config/strerror.js'
import type { AofFile, Manifest } from '../../persistence/aof/manifest.js'
import { ManifestError } from '../../persistence/aof/manifest.js'
import { KeyspaceTarget } from '../../persistence/rdb/load.js'
import { RdbReader } from '../../persistence/rdb/reader.js'
import type { Request } from '../../resp/request.js'
import { AofFormatError, AofReplay, type ReplayHost } from './aof-replay.js'

const CHUNK_BYTES = 256 * 1024
const SLICE_MS = 4
const RDB_MAGIC = 'REDIS'
/** More errors than this that commands reply with are not logged. */
const ERRORS_LOGGED = 10

const REMEDY = 'make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>'

export interface AofLoaderHost extends ServerApi, ReplayHost {
  readonly loader: ServerApi['loader'] & {
    loadedBytes: number
    begin(size: number): void
    end(): void
    noteOrigin(name: string, value: string): void
  }
  replay(client: Client, command: Command, request: Request): string | null
}

export type AofLoadResult = 'absent' | 'empty' | 'loaded'

/** A file as it is on disk. */
interface Part extends AofFile {
  readonly bytes: number
}

/** Loads what the manifest names. @throws an Error with a line for the log, behind those that have been logged already */
export async function loadAppendOnlyFile(server: AofLoaderHost): Promise<AofLoadResult> {
  const { aof, loader, propagation } = server
  const manifest = readManifest(server)
  adoptSingleFile(server, manifest)
  if (manifest.isEmpty) return 'absent'
  const parts = manifest.files.map(file => ({ ...file, bytes: sizeOf(server, file.name) }))
  refuseEmptyBase(server, manifest.base)
  const totalBytes = parts.reduce((sum, { bytes }) => sum + bytes, 0)
  if (totalBytes === 0) return 'empty'
  loader.begin(totalBytes)
  propagation.muted = true
  try {
    for (const [i, part] of parts.entries()) {
      const isLast = parts.slice(i + 1).every(({ bytes }) => bytes === 0)
      if (part.bytes > 0) await loadPart(server, part, part.name === manifest.base?.name, isLast)
    }
  } finally {
    propagation.muted = false
    loader.end()
  }
  aof.noteSizes(totalBytes, manifest.base === null ? 0 : parts[0].bytes)
  return 'loaded'
}

function readManifest({ aof, log }: AofLoaderHost): Manifest {
  try {
    return aof.files.readManifest()
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error
    log.warning('*** FATAL AOF MANIFEST FILE ERROR ***')
    if (error.line !== '') {
      log.warning(`Reading the manifest file ${aof.files.paths.manifestName}, at line ${error.lineNumber}`)
      log.warning(`>>> '${error.line}'`)
    }
    throw new Error(error.message)
  }
}

/** Before Redis 7 there was one file, beside the RDB file: where it is, and no other, it becomes the base. */
function adoptSingleFile({ aof }: AofLoaderHost, manifest: Manifest): void {
  const { paths } = aof.files
  if (fs.statSync(paths.singleFile, { throwIfNoEntry: false })?.isFile() !== true) return
  const isMoved = fs.existsSync(paths.file(paths.prefix))
  const begun = manifest.base?.name === paths.prefix && manifest.incrs.length === 0 && !isMoved
  if (!fs.existsSync(paths.directory) || manifest.isEmpty || begun) aof.files.adoptSingleFile()
}

function sizeOf({ aof }: AofLoaderHost, name: string): number {
  try {
    return fs.statSync(aof.files.paths.file(name)).size
  } catch (error) {
    throw new Error(`Unable to obtain the AOF file ${name} length. stat: ${strerror(error)}`)
  }
}

/** An RDB file is never empty: the system had not written it yet when the power went. Its commands alone would be other data. */
function refuseEmptyBase(server: AofLoaderHost, base: AofFile | null): void {
  if (base === null || !base.name.endsWith('.rdb') || sizeOf(server, base.name) > 0) return
  server.log.warning(`${base.name}: the file is empty`)
  throw new Error(`Error reading the RDB base file ${base.name}, AOF loading aborted`)
}

async function loadPart(server: AofLoaderHost, part: Part, isBase: boolean, isLast: boolean): Promise<void> {
  const started = performance.now()
  const loading = new PartLoading(server, part, isLast)
  await loading.run()
  const seconds = ((performance.now() - started) / 1000).toFixed(3)
  server.log.notice(`DB loaded from ${isBase ? 'base' : 'incr'} file ${part.name}: ${seconds} seconds`)
}

class PartLoading {
  private readonly server: AofLoaderHost
  private readonly part: Part
  private readonly isLast: boolean
  private readonly path: string
  private readonly chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  /** chunk[at, end) is still to be taken. */
  private at = 0
  private end = 0
  private delayMs = 0
  private errors = 0

  constructor(server: AofLoaderHost, part: Part, isLast: boolean) {
    this.server = server
    this.part = part
    this.isLast = isLast
    this.path = server.aof.files.paths.file(part.name)
  }

  async run(): Promise<void> {
    const { name } = this.part
    let fd: number
    try {
      fd = fs.openSync(this.path, 'r')
    } catch (error) {
      throw new Error(`Fatal error: can't open the append log file ${name} for reading: ${strerror(error)}`)
    }
    try {
      const from = this.startsAsRdb(fd) ? await this.loadRdb(fd) : 0
      await this.loadCommands(fd, from)
    } finally {
      fs.closeSync(fd)
    }
  }

  private startsAsRdb(fd: number): boolean {
    const head = Buffer.alloc(RDB_MAGIC.length)
    return fs.readSync(fd, head, 0, head.length, 0) === head.length && head.toString('latin1') === RDB_MAGIC
  }

  private read(fd: number): number {
    this.at = 0
    try {
      this.end = fs.readSync(fd, this.chunk, 0, CHUNK_BYTES, null)
    } catch (error) {
      throw new Error(`Unrecoverable error reading the append only file ${this.part.name}: ${strerror(error)}`)
    }
    return this.end
  }

  private took(until: number): void {
    this.server.loader.loadedBytes += until - this.at
    this.at = until
  }

  /** Lets others have their turn; `keys`: so many have been read, each of which may be to take longer (key-load-delay). */
  private async pause(keys: number): Promise<void> {
    this.delayMs += Math.max(0, (keys * this.server.config.values['key-load-delay']) / 1000)
    await (this.delayMs < 1 ? nextTurn() : delay(this.delayMs))
    if (this.delayMs >= 1) this.delayMs = 0
    this.server.keyspace.setNow(this.server.keyspace.time.now())
  }

  /** Loads the snapshot that the file begins with; where commands follow, in the file of an older Redis, returns where. */
  private async loadRdb(fd: number): Promise<number> {
    const { aof, config, keyspace, loader, log, scripts, valueLimits } = this.server
    const { name } = this.part
    const isOldStyle = name === aof.files.paths.prefix
    log.notice(isOldStyle ? 'Reading RDB preamble from AOF file...' : 'Reading RDB base file on AOF loading...')
    const target = new KeyspaceTarget(keyspace, {
      // The commands behind it start from all that there was.
      dropExpired: false,
      limits: valueLimits,
      aux: (field, value) => loader.noteOrigin(field, value),
      library: code => scripts.functions.load(code),
      warn: message => log.warning(message),
    })
    const reader = new RdbReader(target, { checksum: config.values.rdbchecksum, totalBytes: this.part.bytes })
    try {
      while (!reader.done) {
        if (this.at === this.end && !reader.isBusy && this.read(fd) === 0) reader.end()
        const before = reader.keysRead
        this.took(this.at + reader.push(this.chunk.subarray(this.at, this.end), performance.now() + SLICE_MS))
        await this.pause(reader.keysRead - before)
      }
    } catch (error) {
      log.warning(`${name}: ${(error as Error).message}`)
      const what = isOldStyle ? `RDB preamble of the AOF file ${name}` : `RDB base file ${name}`
      throw new Error(`Error reading the ${what}, AOF loading aborted`)
    }
    log.notice(target.summary)
    if (isOldStyle) log.notice('Reading the remaining AOF tail...')
    return reader.bytesRead
  }

  private async loadCommands(fd: number, from: number): Promise<void> {
    const replay = new AofReplay(this.server, from)
    replay.onError = (offset, command, error) => this.noteError(offset, command, error)
    try {
      while (this.at < this.end || this.read(fd) > 0) {
        const before = replay.commandsRun
        this.took(replay.apply(this.chunk, this.at, this.end, performance.now() + SLICE_MS))
        await this.pause(replay.commandsRun - before)
      }
      // A script, which may have been put aside.
      while (replay.isBlocked) await this.pause(0)
    } catch (error) {
      throw error instanceof AofFormatError ? this.formatFailure(error) : error
    }
    if (!replay.isWhole) this.truncate(replay)
  }

  private noteError(offset: number, command: string, error: string): void {
    if (this.errors++ >= ERRORS_LOGGED) return
    this.server.log.warning(
      `== CRITICAL == This server is sending an error to its AOF-loading-client: '${error}' after processing the command '${command}' at offset ${offset} of ${this.part.name}`,
    )
  }

  private formatFailure({ message, unknownCommand }: AofFormatError): Error {
    const { name } = this.part
    if (unknownCommand !== null) {
      return new Error(`Unknown command '${unknownCommand}' reading the append only file ${name}: ${message}`)
    }
    return new Error(`Bad file format reading the append only file ${name}: ${message}: ${REMEDY}`)
  }

  /** The file ends in the middle of a command, or of a transaction: that has never been acknowledged as a whole. */
  private truncate(replay: AofReplay): void {
    const { config, log } = this.server
    const { bytes, name } = this.part
    if (replay.inTransaction) log.warning(`Revert incomplete MULTI/EXEC transaction in AOF file ${name}`)
    if (config.values['aof-load-truncated']) {
      log.warning(`!!! Warning: short read while loading the AOF file ${name}!!!`)
      if (!this.isLast) throw new Error('Fatal error: the truncated file is not the last file')
      log.warning(
        `!!! Truncating the AOF ${name} at offset ${replay.validTo} !!! (${bytes - replay.validTo} bytes of ${bytes} are dropped)`,
      )
      try {
        fs.truncateSync(this.path, replay.validTo)
        log.warning(`AOF ${name} loaded anyway because aof-load-truncated is enabled`)
        return
      } catch (error) {
        log.warning(`Error truncating the AOF file ${name}: ${strerror(error)}`)
      }
    }
    throw new Error(
      `Unexpected end of file reading the append only file ${name}, behind offset ${replay.validTo}. You can: 1) Make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.`,
    )
  }
}
