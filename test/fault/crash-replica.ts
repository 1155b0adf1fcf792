/** A replica that is killed, again and again, while its master goes on. */
import { RawClient } from '../commands/raw-client.js'
import { linkUp } from '../interop/polling.js'
import { type RunningServer, startRedisTs, tempDir } from '../interop/stock.js'
import { CrashDisk } from './crash-disk.js'
import { agree, type End, type Policy, QUIET } from './crash-scene.js'
import { type Kept, Writers } from './crash-writers.js'
import { ask } from './dataset.js'

/** File operations of a full synchronization and of turning the append-only file on again: some more than there are. */
const STEPS = 30
/** The master is never killed, so that its data would soon be large. */
const WRITERS_PAUSE_MS = 20
const LOADS = ['disabled', 'swapdb', 'on-empty-db']

export const REPLICA_MOMENTS = [
  'full synchronization',
  'full synchronization, at one of its steps',
  'following',
] as const
export type ReplicaMoment = (typeof REPLICA_MOMENTS)[number]

export class ReplicaScene {
  readonly dir = tempDir()
  private readonly random: () => number
  private readonly writers = new Writers()
  private readonly disk = new CrashDisk(this.dir)
  private master!: RunningServer
  private replica!: RunningServer
  /** What the replica has said it has on disk (WAITAOF): steps of each writer. */
  private confirmed = this.writers.acked()

  constructor(random: () => number) {
    this.random = random
  }

  async begin(): Promise<void> {
    this.master = await startRedisTs(QUIET)
    this.replica = await this.launch()
    this.writers.start(this.master.port, this.random, WRITERS_PAUSE_MS)
    await this.writers.busy()
  }

  private launch(): Promise<RunningServer> {
    const again = this.replica === undefined ? {} : { port: this.replica.port }
    return startRedisTs([...QUIET, '--appendonly', 'yes'], { dir: this.dir, env: this.disk.env, ...again })
  }

  /** Kills the replica at a moment, and looks at what it has then, on its own. */
  async crash(moment: ReplicaMoment, policy: Policy, end: End): Promise<Kept> {
    const { disk, master, random, replica } = this
    const settings = ['appendfsync', policy, 'repl-diskless-load', LOADS[Math.floor(random() * LOADS.length)]]
    await ask(replica.port, 'CONFIG', 'SET', ...settings)
    const delays = ['rdb-key-save-delay', String(Math.floor(random() * 1000))]
    await ask(master.port, 'CONFIG', 'SET', 'repl-diskless-sync', random() < 0.5 ? 'yes' : 'no', ...delays)
    const isArmed = moment.endsWith('steps')
    if (isArmed) await disk.arm(replica, 1 + Math.floor(random() * STEPS))
    await ask(replica.port, 'REPLICAOF', '127.0.0.1', String(master.port))
    if (isArmed) await disk.armedEnd(replica)
    else if (moment === 'following') await this.follow()
    else await this.pause(0, 500)
    replica.kill('SIGKILL')
    const killedMs = performance.now()
    await replica.exited
    if (end === 'power cut') disk.cutPower(random)
    disk.noteSizes()
    this.replica = await this.launch()
    return this.writers.judge(await this.writers.count(this.replica.port), killedMs, this.confirmed, false)
  }

  /** The replica is in step with its master for a while, and confirms what it has on disk. */
  private async follow(): Promise<void> {
    await linkUp(this.replica.port)
    await this.pause(0, 200)
    const acked = this.writers.acked()
    if (await this.isConfirmed()) this.confirmed = acked
    await this.pause(0, 200)
  }

  private async isConfirmed(): Promise<boolean> {
    const client = await RawClient.connect(this.master.port)
    const [, reply] = await client.pipeline([
      ['SET', 'confirmed', 'x'],
      ['WAITAOF', '0', '1', '3000'],
    ])
    client.close()
    return Number(reply.elements?.[1]?.text) >= 1
  }

  private pause(minMs: number, maxMs: number): Promise<void> {
    return new Promise(resolve => setTimeout(resolve, minMs + this.random() * (maxMs - minMs)))
  }

  /** In the end both have the same. */
  async expectAgreement(): Promise<void> {
    const { master, replica } = this
    await ask(replica.port, 'REPLICAOF', '127.0.0.1', String(master.port))
    await linkUp(replica.port)
    this.writers.stop()
    await agree(master.port, replica.port)
  }

  get logEnd(): string {
    return this.replica?.log().slice(-3000) ?? ''
  }

  async close(): Promise<void> {
    for (const server of [this.replica, this.master]) {
      server?.kill('SIGKILL')
      await server?.exited
    }
  }
}
