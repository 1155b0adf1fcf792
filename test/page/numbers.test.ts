import { expect, test } from 'vitest'
import { bytes, micros, millis, percent, seconds, short } from '../../src/page/parts/numbers.js'

test('figures are three digits and a unit', () => {
  expect([0, 950, 1234, 45_600, 999_499, 999_500, 1e9].map(short)).toEqual([
    '0',
    '950',
    '1.23k',
    '45.6k',
    '999k',
    '1.00M',
    '1.00G',
  ])
  expect([0, 999, 1000, 1536, 5 * 2 ** 20, 3e12].map(bytes)).toEqual([
    '0 B',
    '999 B',
    '0.98 KiB',
    '1.50 KiB',
    '5.00 MiB',
    '2.73 TiB',
  ])
  expect([0.4, 63, 1500, 2_500_000].map(micros)).toEqual(['0.40 µs', '63 µs', '1.50 ms', '2.50 s'])
  expect([12.34, 1234].map(millis)).toEqual(['12.3 ms', '1.23 s'])
  expect([0, 99.94, 99.96].map(percent)).toEqual(['0.0 %', '99.9 %', '100 %'])
})

test('times are in their two largest units', () =>
  expect([-1, 59.9, 60, 184, 7500, 349_200].map(seconds)).toEqual([
    '0 s',
    '59 s',
    '1 min',
    '3 min 4 s',
    '2 h 5 min',
    '4 d 1 h',
  ]))
