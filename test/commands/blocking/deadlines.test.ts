import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Deadline, Deadlines } from '../../../src/commands/blocking/deadlines.js'

const START_MS = 1_700_000_000_000

function deadline(untilMs: number): Deadline {
  return { untilMs: START_MS + untilMs, heapIndex: -1 }
}

describe('deadlines', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: START_MS })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('pass in order, a millisecond behind their time, and not when they were taken back', () => {
    const step = fc.record({ ms: fc.nat(5000), removes: fc.option(fc.nat()) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        vi.setSystemTime(START_MS)
        const passed: number[] = []
        const deadlines = new Deadlines<Deadline>(({ untilMs }) => passed.push(untilMs))
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
        vi.advanceTimersByTime(2500)
        const times = waiting.map(({ untilMs }) => untilMs).sort((a, b) => a - b)
        expect(passed).toEqual(times.filter(untilMs => untilMs < START_MS + 2500))
        vi.advanceTimersByTime(2600)
        expect(passed).toEqual(times)
        expect(deadlines.count).toBe(0)
        deadlines.close()
      }),
    )
  })

  it('have one timer, whatever their number', () => {
    const deadlines = new Deadlines<Deadline>(() => {})
    const all = Array.from({ length: 1000 }, (_, i) => deadline(500 + ((i * 7) % 100)))
    for (const each of all) deadlines.add(each)
    expect(vi.getTimerCount()).toBe(1)
    for (const each of all) deadlines.remove(each)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(1001)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('follow the clock when it is set', () => {
    const passed: Deadline[] = []
    const deadlines = new Deadlines<Deadline>(each => passed.push(each))
    const hour = deadline(3_600_000)
    deadlines.add(hour)
    vi.setSystemTime(START_MS + 3_600_000)
    vi.advanceTimersByTime(1000)
    expect(passed).toEqual([hour])
  })
})
