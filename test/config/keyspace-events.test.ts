import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  EVENT_NEW,
  formatKeyspaceEvents,
  KEYEVENT_CHANNEL,
  parseKeyspaceEvents,
} from '../../src/config/keyspace-events.js'

test.each([
  ['', ''],
  ['KEA', 'AKE'],
  ['g$lshzxetdK', 'AK'],
  ['EK', 'KE'],
  ['nKm', 'nKm'],
  ['AnE', 'AE'],
])('keyspace events %j are shown as %j', (letters, shown) => {
  const bits = parseKeyspaceEvents(letters)
  expect(bits === null ? null : formatKeyspaceEvents(bits)).toBe(shown)
})

test('a letter that is none is refused, and n is no part of A', () => {
  expect(parseKeyspaceEvents('KQ')).toBeNull()
  expect(parseKeyspaceEvents('a')).toBeNull()
  expect(Number(parseKeyspaceEvents('AE')) & EVENT_NEW).toBe(0)
  expect(parseKeyspaceEvents('E')).toBe(KEYEVENT_CHANNEL)
})

test('what is shown means the same, but for n beside A', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: (1 << 14) - 1 }), bits => {
      const shown = formatKeyspaceEvents(bits)
      const lost = shown.includes('A') ? EVENT_NEW : 0
      expect(parseKeyspaceEvents(shown)).toBe(bits & ~lost)
    }),
  )
})
