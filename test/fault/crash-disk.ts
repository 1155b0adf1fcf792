/** The folder of a server that test/fault/crash-points.mjs watches: ends it at some operation, and takes away what was not synced. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { RunningServer } from '../interop/stock.js'

const AOF_DIR = 'appendonlydir'
const MANIFEST = 'appendonly.aof.manifest'
/** How long it is waited for a server's end. */
const ARMED_MAX_MS = 3000

export class CrashDisk {
  /** For the server's process. */
  readonly env: Record<string, string>
  private readonly aof: string
  private readonly points: string
  private notesSeen = 0

  constructor(dir: string) {
    this.aof = join(dir, AOF_DIR)
    this.points = join(dir, 'points')
    const hook = pathToFileURL(join(import.meta.dirname, 'crash-points.mjs')).href
    this.env = { NODE_OPTIONS: `--import ${hook}`, CRASH_POINTS: this.points }
    mkdirSync(this.points)
    writeFileSync(join(this.points, 'synced'), '')
  }

  /** From here on the server ends itself behind so many operations on files. */
  async arm(server: RunningServer, operations: number): Promise<void> {
    writeFileSync(join(this.points, 'at'), String(operations))
    const from = server.log().length
    server.kill('SIGUSR2')
    await server.waitForLog('armed: ', 10_000, from)
  }

  /** Resolves when it has done so, or has had the time to: what it does may be fewer operations. */
  async armedEnd(server: RunningServer): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise(resolve => {
      timer = setTimeout(resolve, ARMED_MAX_MS)
    })
    await Promise.race([server.exited, late])
    clearTimeout(timer)
  }

  /** From here on fsync takes so much longer. */
  slowDown(ms: number): void {
    writeFileSync(join(this.points, 'slow'), String(ms))
  }

  /** What was not synced is lost in part, or as a whole. */
  cutPower(random: () => number): void {
    const synced = new Map<number, number>()
    for (const [, inode, size] of this.notes.matchAll(/^(\d+) (\d+) \d+$/gm)) synced.set(Number(inode), Number(size))
    let isCut = false
    for (const file of this.incrementalFiles()) {
      const { ino, size } = statSync(file)
      const safe = Math.min(size, synced.get(ino) ?? 0)
      const left: number = isCut ? safe : safe + Math.floor(random() * (size - safe + 1))
      if (left < size) truncateSync(file, left)
      isCut ||= left < size
    }
  }

  private get notes(): string {
    return readFileSync(join(this.points, 'synced'), 'latin1')
  }

  /** How long syncs have taken: the longest that has ended since this was asked, and the one that was under way when all did. */
  longestSyncMs(): number {
    const notes = this.notes.slice(this.notesSeen)
    this.notesSeen += notes.length
    const ended = [...notes.matchAll(/^\d+ \d+ (\d+)$/gm)].map(([, ms]) => Number(ms))
    const begun = /begun (\d+)\n$/.exec(notes)
    return Math.max(0, ...ended, begun === null ? 0 : Date.now() - Number(begun[1]))
  }

  /** What the server that is started again finds counts as synced. */
  noteSizes(): void {
    for (const file of this.incrementalFiles()) {
      const { ino, size } = statSync(file)
      appendFileSync(join(this.points, 'synced'), `${ino} ${size} 0\n`)
    }
  }

  private incrementalFiles(): string[] {
    if (!existsSync(join(this.aof, MANIFEST))) return []
    const manifest = readFileSync(join(this.aof, MANIFEST), 'latin1')
    return [...manifest.matchAll(/^file (\S+) seq \d+ type i$/gm)].map(([, name]) => join(this.aof, name))
  }
}
