/** The moments at which a server is killed: what it is made to do, and how far it is let come with it. */
import { type RunningServer, startRedisTs } from '../interop/stock.js'
import type { Scene } from './crash-scene.js'
import { ask, info } from './dataset.js'
import { until } from './wire.js'

export interface Moment {
  readonly name: string
  /** Resolves when it is time to kill the server, or when that has ended itself (Scene.arm). */
  provoke(scene: Scene): Promise<void>
}

const GOOD_REWRITE = 'Background AOF rewrite finished successfully'
/** File operations of a rewrite, of turning the file on, and of a save: some more than there are. */
const REWRITE_STEPS = 24
const SAVE_STEPS = 6

/** For servers with an append-only file. */
export const AOF_MOMENTS: readonly Moment[] = [
  { name: 'writes', provoke: scene => scene.pause(20, 400) },
  {
    name: 'BGSAVE under way',
    async provoke(scene) {
      await scene.slowSnapshots()
      await scene.ask('BGSAVE')
      await scene.pause(0, 300)
    },
  },
  {
    name: 'rewrite, at one of its steps',
    async provoke(scene) {
      await scene.arm(REWRITE_STEPS)
      await scene.ask('BGREWRITEAOF')
      await scene.armedEnd()
    },
  },
  {
    name: 'rewrite, snapshot under way',
    async provoke(scene) {
      await scene.slowSnapshots()
      await scene.ask('BGREWRITEAOF')
      await scene.pause(0, 300)
    },
  },
  {
    name: 'rewrite just over',
    async provoke(scene) {
      const from = scene.server.log().length
      await scene.ask('BGREWRITEAOF')
      await scene.server.waitForLog(GOOD_REWRITE, 10_000, from)
      await scene.pause(0, 20)
    },
  },
  {
    name: 'rewrites by themselves',
    async provoke(scene) {
      await scene.ask('CONFIG', 'SET', 'auto-aof-rewrite-min-size', '1000', 'auto-aof-rewrite-percentage', '1')
      await scene.pause(100, 900)
    },
  },
  {
    name: 'SAVE ends a rewrite',
    async provoke(scene) {
      await scene.slowSnapshots()
      await scene.ask('BGREWRITEAOF')
      await scene.pause(0, 30)
      await scene.ask('SAVE')
      await scene.pause(0, 200)
    },
  },
  {
    name: 'turned off and on',
    async provoke(scene) {
      await turnOffAndOn(scene)
      if (scene.random() < 0.3) await scene.server.waitForLog(GOOD_REWRITE)
      else await scene.pause(0, 200)
    },
  },
  {
    name: 'turned off and on, at one of the steps',
    async provoke(scene) {
      await scene.arm(REWRITE_STEPS)
      await turnOffAndOn(scene)
      await scene.armedEnd()
    },
  },
  { name: 'turned off in a rewrite', provoke: turnOffInRewrite },
  { name: 'replica joins', provoke: replicaJoins },
  { name: 'loading', provoke: loading },
]

/** For servers with an RDB file only. */
export const RDB_MOMENTS: readonly Moment[] = [
  {
    name: 'BGSAVE under way',
    async provoke(scene) {
      await scene.slowSnapshots()
      scene.saveBegins()
      await scene.ask('BGSAVE')
      await scene.pause(0, 500)
    },
  },
  {
    name: 'BGSAVE, at one of its steps',
    async provoke(scene) {
      await scene.arm(SAVE_STEPS)
      scene.saveBegins()
      await scene.ask('BGSAVE')
      await scene.armedEnd()
    },
  },
  {
    name: 'SAVE, at one of its steps',
    async provoke(scene) {
      await scene.arm(SAVE_STEPS)
      scene.saveBegins()
      await scene.ask('SAVE')
      await scene.armedEnd()
    },
  },
  {
    name: 'save points',
    async provoke(scene) {
      scene.saveBegins()
      await scene.ask('CONFIG', 'SET', 'save', '1 10')
      await scene.pause(1000, 2500)
    },
  },
  { name: 'replica joins', provoke: replicaJoins },
  { name: 'loading', provoke: loading },
]

/** While it is off, and until the first base is complete, nothing is promised. */
async function turnOffAndOn(scene: Scene): Promise<void> {
  scene.promisesEnd()
  await scene.ask('CONFIG', 'SET', 'appendonly', 'no')
  await scene.pause(0, 20)
  if (scene.random() < 0.5) await scene.slowSnapshots()
  scene.promisesBegin(GOOD_REWRITE)
  await scene.ask('CONFIG', 'SET', 'appendonly', 'yes')
}

async function turnOffInRewrite(scene: Scene): Promise<void> {
  if (scene.random() < 0.5) await scene.slowSnapshots()
  await scene.ask('BGREWRITEAOF')
  await scene.pause(0, 60)
  await turnOffAndOn(scene)
  await scene.pause(0, 200)
}

/** A full synchronization, through the socket or the disk; afterwards the two agree (Scene.restarted). */
async function replicaJoins(scene: Scene): Promise<void> {
  await scene.slowSnapshots()
  await scene.ask('CONFIG', 'SET', 'repl-diskless-sync', scene.random() < 0.5 ? 'yes' : 'no')
  const replica = await scene.startReplica()
  await replica.waitForLog('MASTER <-> REPLICA sync')
  await scene.pause(0, 400)
}

/** It is killed, and once more as it loads what it had. */
async function loading(scene: Scene): Promise<void> {
  await scene.pause(20, 200)
  await scene.kill()
  const { dir, port } = scene.server
  const starting = startRedisTs([...scene.args, '--key-load-delay', '300'], { dir, port, readyTimeoutMs: 30_000 })
  const ended = starting.then(
    server => server,
    () => null,
  )
  const isLoading = (): Promise<boolean> =>
    info(port, 'persistence').then(
      fields => fields.get('loading') === '1',
      () => false,
    )
  const ready = await Promise.race([ended, until(isLoading, is => is, 30_000).then(() => null)])
  await scene.pause(0, 100)
  const pid = Number(/process_id:(\d+)/.exec((await ask(port, 'INFO', 'server').catch(() => '')) ?? '')?.[1] ?? 0)
  if (ready === null && pid === 0) throw new Error('it neither loads nor is ready')
  process.kill(ready?.pid ?? pid, 'SIGKILL')
  const server: RunningServer | null = ready ?? (await ended)
  await server?.exited
}
