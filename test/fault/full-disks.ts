/** Disks that are full for a server, until they are relieved. */
import { spawnSync } from 'node:child_process'

export interface FullDisk {
  readonly name: string
  /** Whether this system, and this user, can have it. */
  available(): boolean
  /** Makes a folder one that will be full; false: it cannot be made so. */
  prepare(dir: string): boolean
  /** From here on there is little space for the process. */
  fill(pid: number): void
  relieve(pid: number, dir: string): void
  clean(dir: string): void
  /** What the system says. */
  readonly says: string
}

export const TMPFS: FullDisk = {
  name: 'a small tmpfs',
  available: () => process.getuid?.() === 0 && spawnSync('mount', ['--help']).status === 0,
  prepare(dir) {
    return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', dir]).status === 0
  },
  fill() {},
  relieve(_, dir) {
    spawnSync('mount', ['-o', 'remount,size=64m', dir])
  },
  clean(dir) {
    spawnSync('umount', [dir])
  },
  says: 'No space left on device',
}

export const LIMITED_FILES: FullDisk = {
  name: 'a limit on the size of files',
  available: () => spawnSync('prlimit', ['--version']).status === 0,
  prepare: () => true,
  fill(pid) {
    spawnSync('prlimit', ['--pid', String(pid), '--fsize=1000000:'])
  },
  relieve(pid) {
    spawnSync('prlimit', ['--pid', String(pid), '--fsize=unlimited:'])
  },
  clean() {},
  says: 'File too large',
}

export const FULL_DISKS: readonly FullDisk[] = [TMPFS, LIMITED_FILES]

/** Whether the disk can be had; says so when it cannot. */
export function canHave(disk: FullDisk, dir: string): boolean {
  if (disk.available() && disk.prepare(dir)) return true
  console.warn(`left out: ${disk.name} cannot be had here`)
  return false
}
