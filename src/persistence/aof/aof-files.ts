/** The files of an append-only file and their manifest: what is in the folder, and how it changes without ever being incomplete. */
import fs from 'node:fs'
import type { Config } from '../../config/config.js'
import { strerror } from '../../config/strerror.js'
import type { Log } from '../../observe/log.js'
import { removeFile } from '../file-removal.js'
import { Manifest } from './manifest.js'
import { AofPaths, persistManifest, persistManifestNow, readManifest } from './manifest-file.js'

const APPENDING = fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_APPEND
const APPENDING_ANEW = APPENDING | fs.constants.O_TRUNC

export class AofFiles {
  readonly paths: AofPaths
  /** What is on disk, or about to be. */
  manifest = new Manifest()
  private readonly config: Config
  private readonly log: Log
  private persisted: Promise<void> = Promise.resolve()
  private waitingToPersist = 0

  constructor(config: Config, log: Log) {
    this.config = config
    this.log = log
    this.paths = new AofPaths(config)
  }

  /** Reads the manifest. @throws ManifestError */
  readManifest(): Manifest {
    this.manifest = readManifest(this.paths)
    return this.manifest
  }

  /** Replaces the manifest on disk, one after another. Rejects with a line for the log. */
  persist(manifest: Manifest): Promise<void> {
    this.waitingToPersist++
    const done = this.persisted.then(() => persistManifest(this.paths, manifest))
    const over = (): void => {
      this.waitingToPersist--
    }
    this.persisted = done.then(over, over)
    return done
  }

  /** The same while everything else waits; nothing may be on its way to the disk. @throws an Error with a line for the log */
  persistNow(): void {
    persistManifestNow(this.paths, this.manifest)
  }

  get isPersisting(): boolean {
    return this.waitingToPersist > 0
  }

  /** Takes the file of an older Redis as the base. @throws an Error with a line for the log */
  adoptSingleFile(): void {
    const { manifest, paths } = this
    this.makeDirectory()
    manifest.adoptSingleFile(paths.prefix)
    this.persistNow()
    try {
      fs.renameSync(paths.singleFile, paths.file(paths.prefix))
    } catch (error) {
      throw new Error(
        `Error trying to move the old AOF file ${paths.prefix} into dir ${paths.directoryName}: ${strerror(error)}`,
      )
    }
    this.log.notice(
      `Successfully migrated an old-style AOF file (${paths.prefix}) into the AOF directory (${paths.directoryName}).`,
    )
  }

  /** @throws an Error with a line for the log */
  makeDirectory(): void {
    try {
      this.paths.makeDirectory()
    } catch (error) {
      throw new Error(`Can't open or create append-only dir ${this.paths.directoryName}: ${strerror(error)}`)
    }
  }

  /** Opens an incremental file to append to, as it is or empty. @throws an Error with a line for the log */
  openIncr(name: string, anew: boolean): number {
    try {
      return fs.openSync(this.paths.file(name), anew ? APPENDING_ANEW : APPENDING, 0o644)
    } catch (error) {
      throw new Error(`Can't open the append-only file ${name}: ${strerror(error)}`)
    }
  }

  sizeOf(name: string): number {
    return fs.statSync(this.paths.file(name), { throwIfNoEntry: false })?.size ?? 0
  }

  remove(name: string): void {
    removeFile(this.paths.file(name))
  }

  removeTemporaryIncr(): void {
    const name = this.paths.temporaryIncrName
    if (!fs.existsSync(this.paths.file(name))) return
    this.log.notice(`Removing the temp incr aof file ${name} in the background`)
    this.remove(name)
  }

  /** Gives the temporary incremental file its name. False: it cannot be had, and the log says why. */
  renameTemporaryIncr(name: string): boolean {
    const { log, paths } = this
    const temporary = paths.temporaryIncrName
    try {
      fs.renameSync(paths.file(temporary), paths.file(name))
    } catch (error) {
      log.warning(`Error trying to rename the temporary AOF incr file ${temporary} into ${name}: ${strerror(error)}`)
      return false
    }
    log.notice(`Successfully renamed the temporary AOF incr file ${temporary} into ${name}`)
    return true
  }

  /**
   * Removes the files that the last rewrite has made superfluous (aof-disable-auto-gc: not yet). Resolves when the manifest names them
   * no more.
   */
  async removeHistory(atOnce = false): Promise<void> {
    const { log, manifest } = this
    if (this.config.values['aof-disable-auto-gc'] || manifest.history.length === 0) return
    const remaining = manifest.copy()
    remaining.history = []
    this.manifest = remaining
    for (const { name } of manifest.history) {
      log.notice(`Removing the history file ${name} in the background`)
      this.remove(name)
    }
    try {
      if (atOnce) this.persistNow()
      else await this.persist(remaining)
    } catch (error) {
      log.warning((error as Error).message)
    }
  }
}
