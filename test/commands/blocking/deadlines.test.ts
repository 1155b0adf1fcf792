import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../src/clock/clock.js'
import { ManualClock } from '../../../src/clock/manual-clock.js'
import { type Deadline, Deadlines } from '../../../src/commands/blocking/deadlines.js'

const START_MS = 1_700_000_000_000

function deadline(untilMs: number): Deadline {
  return { untilMs: START_MS + untilMs, heapIndex: -1 }
}

function run(clock: ManualClock, untilMs: number): void {
  while (clock.step(START_MS + untilMs)) {}
}

describe('deadlines', () => {
  it('pass in order, a millisecond behind their time, and not when they were taken back', () => {
    const step = fc.record({ ms: fc.nat(5000), removes: fc.option(fc.nat()) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const clock = new ManualClock(START_MS)
        const passed: number[] = []
        const deadlines = new Deadlines<Deadline>(clock, ({ untilMs }) => passed.push(untilMs))
        const waiting: Deadline[] = []
        for (const { ms, removes } of steps) {
          const added = deadline(ms)
          deadlines.add(added)
          waiting.push(added)
          if (removes === null) continue
          const [gone] = waiting.splice(removes % waiting.length, 1)
          deadlines.remove(gone)
          deadlines.remove(gone)
        }
        expect(deadlines.count).toBe(waiting.length)
        run(clock, 2500)
        const times = waiting.map(({ untilMs }) => untilMs).sort((a, b) => a - b)
        expect(passed).toEqual(times.filter(untilMs => untilMs < START_MS + 2500))
        run(clock, 5100)
        expect(passed).toEqual(times)
        expect(deadlines.count).toBe(0)
        deadlines.close()
      }),
    )
  })

  it('have one timer, whatever their number', () => {
    const clock = new ManualClock(START_MS)
    const deadlines = new Deadlines<Deadline>(clock, () => {})
    const all = Array.from({ length: 1000 }, (_, i) => deadline(500 + ((i * 7) % 100)))
    for (const each of all) deadlines.add(each)
    expect(clock.timerCount).toBe(1)
    for (const each of all) deadlines.remove(each)
    expect(clock.timerCount).toBe(1)
    run(clock, 1001)
    expect(clock.timerCount).toBe(0)
  })

  it('follow the clock when it is set', () => {
    const passed: Deadline[] = []
    let nowMs = START_MS
    const clock = new ManualClock(START_MS)
    const set: Clock = {
      now: () => nowMs,
      microseconds: () => nowMs * 1000,
      setTimeout: (run, ms) => clock.setTimeout(run, ms),
      clearTimeout: timer => clock.clearTimeout(timer),
    }
    const deadlines = new Deadlines<Deadline>(set, each => passed.push(each))
    const hour = deadline(3_600_000)
    deadlines.add(hour)
    nowMs += 3_600_001
    run(clock, 1000)
    expect(passed).toEqual([hour])
  })
})
