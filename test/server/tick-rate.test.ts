import { expect, test } from 'vitest'
import { Config } from '../../src/config/config.js'
import { ticksPerSecond } from '../../src/server/tick-rate.js'

function values(hz: number, dynamic: boolean): Config['values'] {
  return { ...new Config('/').values, hz, 'dynamic-hz': dynamic }
}

test('dynamic-hz doubles the ticks until there are 200 clients or less for each, up to 500', () => {
  const rates = [0, 2000, 2001, 4001, 100_000, 1_000_000].map(clients => ticksPerSecond(values(10, true), clients))
  expect(rates).toEqual([10, 10, 20, 40, 500, 500])
})

test('without dynamic-hz the ticks are those of hz', () => {
  expect(ticksPerSecond(values(100, false), 1_000_000)).toBe(100)
})
