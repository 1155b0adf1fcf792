/**
 * What is acknowledged is there after a crash. REDIS_TS_LONG_FAULTS=1: a thousand crashes (REDIS_TS_CRASHES: as many as it says),
 * and a table of them; REDIS_TS_FAULT_SEED: the seed of the first, as failures name it.
 */
import { afterAll, expect, test } from 'vitest'
import { AOF_MOMENTS, type Moment, RDB_MOMENTS } from './crash-moments.js'
import { type End, type Policy, Scene } from './crash-scene.js'
import { CrashTable } from './crash-table.js'
import { randomNumbers } from './dataset.js'

const LONG = process.env.REDIS_TS_LONG_FAULTS === '1'
const CRASHES = Number(process.env.REDIS_TS_CRASHES ?? (LONG ? 1000 : 20))
const SEED = Number(process.env.REDIS_TS_FAULT_SEED ?? 1)
/** Crashes of the same data; then another folder begins. */
const IN_A_ROW = 12
const CRASH_MS = 20_000

const table = new CrashTable()
afterAll(() => {
  if (LONG) console.log(table.format())
})

const POLICIES: readonly Policy[] = ['always', 'always', 'everysec', 'no']

/** Kills a server at moments one after another; every series has data and a seed of its own. */
async function crashes(count: number, moments: readonly Moment[], isAppendOnly: boolean): Promise<void> {
  for (let done = 0, seed = SEED; done < count; seed++) {
    const random = randomNumbers(seed)
    const scene = new Scene(random, isAppendOnly)
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]
    const first = Math.floor(random() * moments.length)
    let what = 'the start'
    try {
      await scene.begin()
      for (let i = 0; i < IN_A_ROW && done < count; i++, done++) {
        const moment = moments[(first + i) % moments.length]
        const policy = pick(POLICIES)
        const end: End = isAppendOnly && random() < 0.4 ? 'power cut' : 'kill'
        what = `${moment.name}, ${isAppendOnly ? `${policy}, ${end}` : 'RDB'}, crash ${i + 1}`
        const kept = await scene.crash(each => moment.provoke(each), policy, end)
        table.note(isAppendOnly ? `${policy}, ${end}` : 'RDB file', moment.name, kept)
      }
    } catch (error) {
      const { stack } = error as Error
      throw new Error(`REDIS_TS_FAULT_SEED=${seed}: ${what}: ${stack}\nin ${scene.dir}; log:\n${scene.logEnd}`)
    } finally {
      await scene.close()
    }
  }
}

const aof = Math.ceil(CRASHES * 0.7)

test(
  'what an append-only file has acknowledged is there after a crash, whole, once, and in order',
  async () => {
    await crashes(aof, AOF_MOMENTS, true)
    expect(table.lost('always')).toBe(0)
  },
  aof * CRASH_MS,
)

test(
  'an RDB file brings back a state that there was, and not an older one than that of the last save',
  () => crashes(CRASHES - aof, RDB_MOMENTS, false),
  (CRASHES - aof) * CRASH_MS,
)
