/** The manifest on disk: read at once, and replaced without ever being half there. */
import fs from 'node:fs'
import path from 'node:path'
import type { Config } from '../../config/config.js'
import type { Disk } from '../../config/disk.js'
import { strerror } from '../../config/strerror.js'
import { removeFile } from '../file-removal.js'
import { syncDirectory, syncDirectoryInBackground } from '../file-sink.js'
import { INCR_SUFFIX, MANIFEST_SUFFIX, Manifest, ManifestError, TEMPORARY_PREFIX } from './manifest.js'

/** Where an append-only file's files are, by the configuration. */
export class AofPaths {
  private readonly config: Config

  constructor(config: Config) {
    this.config = config
  }

  /** What the names of its files begin with; before Redis 7, the name of the only one. */
  get prefix(): string {
    return this.config.values.appendfilename
  }
  get directoryName(): string {
    return this.config.values.appenddirname
  }
  get directory(): string {
    return this.config.path(this.directoryName)
  }
  get manifestName(): string {
    return this.prefix + MANIFEST_SUFFIX
  }
  get temporaryIncrName(): string {
    return `${TEMPORARY_PREFIX}${this.prefix}${INCR_SUFFIX}`
  }
  /** Path of the single file of before Redis 7. */
  get singleFile(): string {
    return this.config.path(this.prefix)
  }

  /** Path of a file in the directory; `name` is a byte string. */
  file(name: string): string {
    return this.config.path(`${this.directoryName}/${name}`)
  }

  get disk(): Disk {
    return this.config.disk
  }

  /** @throws what the system says. */
  makeDirectory(): void {
    if (!fs.existsSync(this.directory)) fs.mkdirSync(this.directory, 0o755)
  }
}

/** The manifest has been replaced, but a power cut may bring the old one back. */
export class ManifestUnsynced extends Error {}

/** The manifest of the configured folder; an empty one where there is none. @throws ManifestError, or what the system says */
export function readManifest(paths: AofPaths): Manifest {
  const file = paths.file(paths.manifestName)
  let text: string
  try {
    text = fs.readFileSync(file, 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return new Manifest()
    throw new ManifestError(`Fatal error: can't open the AOF manifest file ${file} for reading: ${strerror(error)}`)
  }
  return Manifest.parse(text)
}

/** Puts a manifest in the place of the one on disk; what is slow of it goes on in the background. Rejects with a line for the log. */
export async function persistManifest(paths: AofPaths, manifest: Manifest): Promise<void> {
  const fd = writeTemporary(paths, manifest)
  const failure = await new Promise<Error | null>(resolve => fs.fsync(fd, resolve))
  fs.closeSync(fd)
  if (failure !== null) throw fsyncFailure(paths, failure)
  rename(paths)
  const unsynced = await new Promise<Error | null>(done => syncDirectoryInBackground(paths.directory, done))
  if (unsynced !== null) throw directoryFailure(paths, unsynced)
}

/** The same while everything else waits: as the server starts. @throws an Error with a line for the log */
export function persistManifestNow(paths: AofPaths, manifest: Manifest): void {
  const fd = writeTemporary(paths, manifest)
  try {
    fs.fsyncSync(fd)
  } catch (error) {
    throw fsyncFailure(paths, error)
  } finally {
    fs.closeSync(fd)
  }
  rename(paths)
  try {
    syncDirectory(paths.directory)
  } catch (error) {
    throw directoryFailure(paths, error)
  }
}

function temporaryName(paths: AofPaths): string {
  return TEMPORARY_PREFIX + paths.manifestName
}

function writeTemporary(paths: AofPaths, manifest: Manifest): number {
  const name = temporaryName(paths)
  let fd: number
  try {
    fd = fs.openSync(paths.file(name), 'w', 0o644)
  } catch (error) {
    throw new Error(`Can't open the AOF manifest file ${name}: ${strerror(error)}`)
  }
  try {
    paths.disk.mayWrite()
    fs.writeFileSync(fd, manifest.format(), 'latin1')
    return fd
  } catch (error) {
    fs.closeSync(fd)
    removeTemporary(paths)
    throw new Error(`Error trying to write the temporary AOF manifest file ${name}: ${strerror(error)}`)
  }
}

function removeTemporary(paths: AofPaths): void {
  try {
    removeFile(paths.file(temporaryName(paths)))
  } catch {
    // The next one is written over it.
  }
}

function fsyncFailure(paths: AofPaths, error: unknown): Error {
  removeTemporary(paths)
  return new Error(`Fail to fsync the temp AOF file ${temporaryName(paths)}: ${strerror(error)}.`)
}

function directoryFailure(paths: AofPaths, error: unknown): Error {
  return new ManifestUnsynced(`Fail to fsync AOF directory ${path.basename(paths.directory)}: ${strerror(error)}.`)
}

function rename(paths: AofPaths): void {
  const name = temporaryName(paths)
  try {
    fs.renameSync(paths.file(name), paths.file(paths.manifestName))
  } catch (error) {
    removeTemporary(paths)
    throw new Error(
      `Error trying to rename the temporary AOF manifest file ${name} into ${paths.manifestName}: ${strerror(error)}`,
    )
  }
}
