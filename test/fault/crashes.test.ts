/**
 * What is acknowledged is there after a crash. REDIS_TS_LONG_FAULTS=1: a thousand crashes (REDIS_TS_CRASHES: as many as it says),
 * and a table of them; REDIS_TS_FAULT_SEED: the seed of the first series, as failures name it.
 */
import { afterAll, expect, test } from 'vitest'
import { AOF_MOMENTS, type Moment, RDB_MOMENTS } from './crash-moments.js'
import { REPLICA_MOMENTS, type ReplicaMoment, ReplicaScene } from './crash-replica.js'
import { type End, type Policy, Scene } from './crash-scene.js'
import { CrashTable } from './crash-table.js'
import { randomNumbers } from './dataset.js'

const LONG = process.env.REDIS_TS_LONG_FAULTS === '1'
const CRASHES = Number(process.env.REDIS_TS_CRASHES ?? (LONG ? 1000 : 20))
const SEED = Number(process.env.REDIS_TS_FAULT_SEED ?? 1)
/** Crashes of the same data; then another folder begins. */
const IN_A_ROW = 12
const CRASH_MS = 20_000
const POLICIES: readonly Policy[] = ['always', 'always', 'everysec', 'no']

const replicas = Math.ceil(CRASHES * 0.15)
const rdb = Math.ceil(CRASHES * 0.2)
const aof = CRASHES - rdb - replicas

const table = new CrashTable()
afterAll(() => {
  if (LONG) console.log(table.format())
})

/** Data of its own that outlives crashes. */
interface Series {
  readonly dir: string
  readonly logEnd: string
  begin(): Promise<void>
  close(): Promise<void>
}

/** One series after another, each with a seed of its own. `crash` says what it is about to do. */
async function crashes<S extends Series, M>(
  count: number,
  moments: readonly M[],
  make: (random: () => number) => S,
  crash: (series: S, moment: M, random: () => number, says: (what: string) => void) => Promise<void>,
  end: (series: S) => Promise<void> = async () => {},
): Promise<void> {
  const failures: string[] = []
  for (let done = 0, seed = SEED; done < count; seed++) {
    const random = randomNumbers(seed)
    const series = make(random)
    const first = Math.floor(random() * moments.length)
    let what = 'the start'
    try {
      await series.begin()
      for (let i = 0; i < IN_A_ROW && done < count; i++, done++) {
        await crash(series, moments[(first + i) % moments.length], random, says => {
          what = `crash ${i + 1}, ${says}`
        })
      }
      what = 'the end'
      await end(series)
    } catch (error) {
      const { stack } = error as Error
      failures.push(`REDIS_TS_FAULT_SEED=${seed}: ${what}: ${stack}\nin ${series.dir}; log:\n${series.logEnd}`)
      if (LONG) console.error(failures.at(-1))
      else break
      done++
    } finally {
      await series.close()
    }
  }
  if (failures.length > 0) throw new Error(`${failures.length} series failed; the first: ${failures[0]}`)
}

/** How the file is synced, and how the server ends. */
function modeOf(random: () => number): { policy: Policy; end: End; mode: string } {
  const policy = POLICIES[Math.floor(random() * POLICIES.length)]
  const end = random() < 0.4 ? 'power cut' : 'kill'
  return { policy, end, mode: `${policy}, ${end}` }
}

test(
  'what an append-only file has acknowledged is there after a crash, whole, once, and in order',
  async () => {
    const crash = async (scene: Scene, moment: Moment, random: () => number, says: (what: string) => void) => {
      const { end, mode, policy } = modeOf(random)
      says(`${mode}, ${moment.name}`)
      table.note(mode, moment.name, await scene.crash(each => moment.provoke(each), policy, end))
    }
    await crashes(aof, AOF_MOMENTS, random => new Scene(random, true), crash)
    expect(table.lost('always')).toBe(0)
  },
  aof * CRASH_MS,
)

test(
  'an RDB file brings back a state that there was, and not an older one than that of the last save',
  async () => {
    const crash = async (scene: Scene, moment: Moment, _: () => number, says: (what: string) => void) => {
      says(`RDB file, ${moment.name}`)
      table.note('RDB file', moment.name, await scene.crash(each => moment.provoke(each), 'no', 'kill'))
    }
    await crashes(rdb, RDB_MOMENTS, random => new Scene(random, false), crash)
  },
  rdb * CRASH_MS,
)

test(
  'a replica that is killed has a state that its master had, with all that it has confirmed, and joins again',
  async () => {
    const crash = async (
      scene: ReplicaScene,
      moment: ReplicaMoment,
      random: () => number,
      says: (what: string) => void,
    ) => {
      const { end, mode, policy } = modeOf(random)
      says(`replica, ${mode}, ${moment}`)
      table.note(`replica, ${mode}`, moment, await scene.crash(moment, policy, end))
    }
    await crashes(
      replicas,
      REPLICA_MOMENTS,
      random => new ReplicaScene(random),
      crash,
      scene => scene.expectAgreement(),
    )
    expect(table.lost('replica')).toBe(0)
  },
  replicas * CRASH_MS,
)
