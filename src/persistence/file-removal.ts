/**
 * Removing and replacing files without waiting. What takes long is not the name but the file behind it: the system gives back
 * its blocks and pages, some 50 ms for a few hundred megabytes, when the last one who has it open closes it. Here that is a
 * thread of Node's pool.
 */
import fs from 'node:fs'

/** Removes the name at once, if it is there. */
export function removeFile(file: string): void {
  const fd = openAnyway(file)
  try {
    fs.rmSync(file, { force: true })
  } finally {
    closeInBackground(fd)
  }
}

/** Gives the file `from` the name `to` at once, in the place of whatever had it. */
export function replaceFile(from: string, to: string): void {
  const fd = openAnyway(to)
  try {
    fs.renameSync(from, to)
  } finally {
    closeInBackground(fd)
  }
}

function closeInBackground(fd: number): void {
  if (fd >= 0) fs.close(fd, () => {})
}

/** The open file, or -1. Windows would not let go of the name of one. */
function openAnyway(file: string): number {
  if (process.platform === 'win32') return -1
  try {
    return fs.openSync(file, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0))
  } catch {
    return -1
  }
}
