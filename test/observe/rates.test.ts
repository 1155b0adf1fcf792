import { expect, test } from 'vitest'
import { Rates } from '../../src/observe/rates.js'

const counts = (commands: number, cycles: number, cycleMicroseconds: number) => ({
  commands,
  cycles,
  cycleMicroseconds,
  bytesIn: 0,
  bytesOut: 0,
  replicationBytesIn: 0,
  replicationBytesOut: 0,
})

test('the average of the last 16 samples, as growth in a second and in a cycle', () => {
  const rates = new Rates()
  for (let i = 0; i <= 16; i++) rates.sample(counts(i * 50, 1 + i * 2, i * 300), 1000 + i * 100)
  expect(rates.current.commands).toBeCloseTo(500)
  expect(rates.current.cycles).toBeCloseTo(20)
  expect(rates.current.cycleMicroseconds).toBeCloseTo(150)
  rates.sample(counts(800 + 1650, 35, 4800), 2700)
  expect(rates.current.commands).toBeCloseTo(500 + 1000)
})

test('starts again after a reset', () => {
  const rates = new Rates()
  for (let i = 0; i <= 16; i++) rates.sample(counts(i * 50, i, i), 1000 + i * 100)
  rates.reset()
  expect(rates.current.commands).toBe(0)
  rates.sample(counts(1_000_000, 0, 0), 3000)
  expect(rates.current.commands).toBe(0)
  rates.sample(counts(1_000_016, 0, 0), 3100)
  expect(rates.current.commands).toBeCloseTo(10)
})
