import { describe, expect, test } from 'vitest'
import { SystemClock } from '../../src/clock/clock.js'
import { latencyReport } from '../../src/observe/latency-doctor.js'
import { LatencyMonitor, LatencySeries } from '../../src/observe/latency-monitor.js'

describe('samples of an event', () => {
  test('one a second, the longest, and no more than 160', () => {
    const series = new LatencySeries()
    series.add(100, 20)
    series.add(100, 30)
    series.add(100, 10)
    expect(series.samples).toEqual([{ seconds: 100, ms: 30 }])
    for (let i = 1; i <= 200; i++) series.add(100 + i, i)
    expect(series.samples).toHaveLength(160)
    expect(series.samples[0]).toEqual({ seconds: 141, ms: 41 })
    expect(series.latest).toEqual({ seconds: 300, ms: 200 })
    expect(series.worstMs).toBe(200)
  })

  test('their average, deviation and period', () => {
    const series = new LatencySeries()
    for (const [seconds, ms] of [
      [100, 10],
      [110, 20],
      [120, 60],
    ]) {
      series.add(seconds, ms)
    }
    expect(series.figures(130)).toEqual({
      samples: 3,
      averageMs: 30,
      deviationMs: 20,
      minMs: 10,
      maxMs: 60,
      periodSeconds: 30,
    })
  })
})

describe('the monitor', () => {
  function monitor(...events: [string, number][]): LatencyMonitor {
    const created = new LatencyMonitor(new SystemClock())
    created.thresholdMs = 10
    for (const [event, ms] of events) created.add(event, ms)
    return created
  }

  test('keeps what took at least as long as the threshold, in whole milliseconds', () => {
    const { events } = monitor(['command', 9.99], ['command', 10], ['expire-cycle', 25.7])
    expect([...events].map(([event, series]) => [event, series.worstMs])).toEqual([
      ['command', 10],
      ['expire-cycle', 25],
    ])
    expect(new LatencyMonitor(new SystemClock()).events.size).toBe(0)
  })

  test('forgets events by name in any case, or all of them', () => {
    const watched = monitor(['command', 10], ['expire-cycle', 10], ['snapshot', 10])
    expect(watched.reset('COMMAND')).toBe(1)
    expect(watched.reset('command')).toBe(0)
    expect(watched.resetAll()).toBe(2)
    expect(watched.events.size).toBe(0)
  })

  test('the doctor advises on what was seen, and only on that', () => {
    const settings = { slowlogMicroseconds: 10_000, hz: 10 }
    expect(latencyReport(monitor(), settings)).toContain('No event has taken 10 ms')
    const report = latencyReport(monitor(['command', 40], ['expire-cycle', 20]), settings)
    expect(report).toContain('1. command: 1 latency spikes (average 40ms, mean deviation 0ms, period 1.00 sec)')
    expect(report).toContain('2. expire-cycle: ')
    expect(report).toContain('SLOWLOG GET')
    expect(report).toContain('CONFIG SET hz 100')
    expect(report).not.toContain('JavaScript heap')
    expect(latencyReport(monitor(['expire-cycle', 20]), { ...settings, hz: 100 })).not.toContain('What may help')
    expect(latencyReport(monitor(['command', 40]), { ...settings, slowlogMicroseconds: -1 })).toContain(
      'CONFIG SET slowlog-log-slower-than 10000',
    )
  })
})
