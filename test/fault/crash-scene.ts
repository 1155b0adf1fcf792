/** A server that is killed and started again on its files, the writers that use it, and what has to be there afterwards. */
import { inStep, linkUp, until } from '../interop/polling.js'
import { type RunningServer, startRedisTs, tempDir } from '../interop/stock.js'
import { CrashDisk } from './crash-disk.js'
import { type Kept, Writers } from './crash-writers.js'
import { ask, digest } from './dataset.js'

export const QUIET = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']
/**
 * What may be lost with everysec is that of a second, and of one more that a write waits for an fsync (flushAppendOnlyFile in
 * aof.c); a power cut costs as much more as the disk takes for an fsync. With no, too, a process that is killed may not have
 * written all of much.
 */
const LOSS_MAX_MS = 2000

export type Policy = 'always' | 'everysec' | 'no'

/** What happens to the server: its process ends; or the machine's power does, and with it what was not synced. */
export type End = 'kill' | 'power cut'

export class Scene {
  readonly random: () => number
  readonly args: readonly string[]
  readonly writers = new Writers()
  server!: RunningServer
  readonly dir = tempDir()
  private readonly disk = new CrashDisk(this.dir)
  private readonly isAppendOnly: boolean
  private replica: RunningServer | null = null
  private policy: Policy = 'always'
  /** What was acknowledged by then has to be there; null: all. */
  private certain: readonly number[] | null = null
  /** What will be certain once a line is logged, from some place of the log on. */
  private pending: { line: string; from: number; steps: readonly number[] | null } | null = null
  private killedMs = 0

  constructor(random: () => number, isAppendOnly: boolean) {
    this.random = random
    this.isAppendOnly = isAppendOnly
    this.args = [...QUIET, '--appendonly', isAppendOnly ? 'yes' : 'no']
    this.certain = isAppendOnly ? null : this.writers.acked()
  }

  async begin(): Promise<void> {
    this.server = await this.launch()
  }

  private launch(): Promise<RunningServer> {
    const again = this.server === undefined ? {} : { port: this.server.port }
    return startRedisTs([...this.args], { dir: this.dir, env: this.disk.env, ...again })
  }

  // What moments ask for

  /** The reply's text; null when the server ends instead. */
  ask(...command: string[]): Promise<string | null> {
    const { exited, port } = this.server
    return Promise.race([ask(port, ...command).catch(() => null), exited.then(() => null)])
  }

  pause(minMs: number, maxMs: number): Promise<void> {
    return new Promise(resolve => setTimeout(resolve, minMs + this.random() * (maxMs - minMs)))
  }

  /** Snapshots take some tenths of a second. */
  async slowSnapshots(): Promise<void> {
    await this.ask('CONFIG', 'SET', 'rdb-key-save-delay', '1000')
  }

  /** From here on the server ends itself behind one of so many operations on files. */
  arm(operations: number): Promise<void> {
    return this.disk.arm(this.server, 1 + Math.floor(this.random() * operations))
  }

  /** Resolves when it has done so; it may have come to its end before that many. */
  armedEnd(): Promise<void> {
    return this.disk.armedEnd(this.server)
  }

  /** A save that begins now has all that is acknowledged by now, if it comes to its end. */
  saveBegins(): void {
    this.pending = { line: 'DB saved on disk', from: this.server.log().length, steps: this.writers.acked() }
  }

  /** What is acknowledged from here on may be lost, until promisesBegin(). */
  promisesEnd(): void {
    this.certain = this.writers.acked()
  }

  /** From when this line is logged on, everything is certain again. */
  promisesBegin(line: string): void {
    this.pending = { line, from: this.server.log().length, steps: null }
  }

  async startReplica(): Promise<RunningServer> {
    this.replica = await startRedisTs([...QUIET, '--replicaof', '127.0.0.1', String(this.server.port)])
    return this.replica
  }

  async kill(): Promise<void> {
    if (this.killedMs !== 0) return
    this.server.kill('SIGKILL')
    this.killedMs = performance.now()
    await this.server.exited
    await this.writers.ended()
  }

  // What the test asks for

  /** Kills the server as `provoke` says, starts it again, and looks at what it has. */
  async crash(provoke: (scene: Scene) => Promise<void>, policy: Policy, end: End): Promise<Kept> {
    this.policy = policy
    this.killedMs = 0
    const preamble = this.random() < 0.7 ? 'yes' : 'no'
    await this.ask('CONFIG', 'SET', 'appendfsync', policy, 'aof-use-rdb-preamble', preamble)
    this.writers.start(this.server.port, this.random)
    await this.writers.busy()
    await provoke(this)
    await this.kill()
    this.settle()
    const syncMs = this.disk.longestSyncMs()
    if (end === 'power cut') this.disk.cutPower(this.random)
    this.disk.noteSizes()
    return this.restarted(end, end === 'power cut' ? LOSS_MAX_MS + syncMs : LOSS_MAX_MS)
  }

  private settle(): void {
    const { pending } = this
    this.pending = null
    if (pending !== null && this.server.log().slice(pending.from).includes(pending.line)) this.certain = pending.steps
  }

  private async restarted(end: End, lossMaxMs: number): Promise<Kept> {
    this.server = await this.launch()
    const mayLose = this.policy !== 'always' && this.isAppendOnly
    const kept = await this.writers.check(this.server.port, this.killedMs, this.certain, mayLose)
    const limited = this.policy === 'everysec' || end === 'kill'
    if (limited && kept.lossWindowMs > lossMaxMs) {
      throw new Error(
        `${kept.lost} steps are lost, the oldest acknowledged ${kept.lossWindowMs} ms before, not ${lossMaxMs}`,
      )
    }
    this.certain = this.isAppendOnly ? null : this.writers.acked()
    await this.replicaAgrees()
    return kept
  }

  private async replicaAgrees(): Promise<void> {
    if (this.replica === null) return
    await linkUp(this.replica.port)
    await agree(this.server.port, this.replica.port)
    this.replica.kill('SIGKILL')
    await this.replica.exited
    this.replica = null
  }

  get logEnd(): string {
    return this.server?.log().slice(-3000) ?? ''
  }

  async close(): Promise<void> {
    this.server?.kill('SIGKILL')
    this.replica?.kill('SIGKILL')
    await this.server?.exited
  }
}

/** Waits until a replica has what its master has: keys that have expired are deleted a little later. */
export async function agree(master: number, replica: number): Promise<void> {
  await inStep(master, replica)
  await until('master and replica have the same', async () => (await digest(master)) === (await digest(replica)))
}
