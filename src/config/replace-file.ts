import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import type { Disk } from './disk.js'
import { isError } from './realms.js'

/**
 * Replaces a file's content (a byte string), or writes a new file, in a single step: a crash leaves the old file or the new
 * one. The mode of an old file is kept, and a symbolic link stays one. Throws the file system's error, the old file then
 * being untouched.
 */
export function replaceFile(name: string, content: string, disk: Disk): void {
  const file = realPath(name)
  const temporary = `${file}.${randomBytes(6).toString('hex')}`
  const fd = openSync(temporary, 'wx', 0o644)
  try {
    try {
      // It may hold passwords: who could not read it before must not be able to now.
      const mode = modeOf(file)
      if (mode !== null) fchmodSync(fd, mode)
      disk.mayWrite()
      writeFileSync(fd, content, 'latin1')
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncDirectory(path.dirname(file))
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function modeOf(file: string): number | null {
  try {
    return statSync(file).mode & 0o7777
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch (error) {
    if (isMissing(error)) return file
    throw error
  }
}

/** Whether a file system's error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return isError(error) && 'code' in error && error.code === 'ENOENT'
}
