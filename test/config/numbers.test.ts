import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatMemory,
  INT64_MAX,
  memory,
  memoryOrPercent,
  octal,
  parseInteger,
  parseLooseInteger,
  parseMemory,
  UINT64_MAX,
} from '../../src/config/kinds/numbers.js'

const CONTEXT = { fromFile: false, firstLine: false, directory: '/' }

describe('sizes', () => {
  test.each<[text: string, bytes: bigint | null]>([
    ['0', 0n],
    ['1b', 1n],
    ['1k', 1000n],
    ['1kb', 1024n],
    ['2M', 2000000n],
    ['2Mb', 2097152n],
    ['3g', 3000000000n],
    ['3GB', 3221225472n],
    ['', 0n],
    ['mb', 0n],
    ['18446744073709551615', UINT64_MAX],
    ['99999999999999999999999', UINT64_MAX],
    ['17179869184gb', 0n],
    ['-1', null],
    ['+1', null],
    ['1.5gb', null],
    ['1 gb', null],
    ['1tb', null],
    ['gbx', null],
    ['1'.repeat(128), null],
  ])('%j', (text, bytes) => {
    expect(parseMemory(text)).toBe(bytes)
  })

  test('print in the largest unit that divides them, and read back as the same', () => {
    expect([0, 1023, 1024, 67108864, 5368709120].map(size => formatMemory(size))).toEqual([
      '0',
      '1023',
      '1kb',
      '64mb',
      '5gb',
    ])
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.constantFrom(1, 1024, 1024 ** 2, 1024 ** 3), (count, unit) => {
        const size = Math.floor(count / unit) * unit
        expect(parseMemory(formatMemory(size))).toBe(BigInt(size))
      }),
    )
  })

  test('at the largest value of a directive stay that value', () => {
    for (const [max, directive] of [
      [INT64_MAX, memory(1, 0, INT64_MAX)],
      [UINT64_MAX, memory(1, 0, UINT64_MAX)],
    ] as const) {
      const parsed = directive.parse([String(max)], 1, CONTEXT)
      if ('error' in parsed) throw new Error(parsed.error)
      expect(directive.format(parsed.value)).toBe(String(max))
      expect(directive.rewrite('size', parsed.value)).toEqual([{ text: `size ${max}`, force: true }])
    }
  })

  test('may be percentages, kept as negative numbers', () => {
    const directive = memoryOrPercent(0, 100, INT64_MAX)
    expect(directive.parse(['5%'], 0, CONTEXT)).toEqual({ value: -5 })
    expect(directive.format(-5)).toBe('5%')
    expect(directive.rewrite('limit', -5)).toEqual([{ text: 'limit 5%', force: true }])
    expect(directive.parse(['5mb'], 0, CONTEXT)).toEqual({ value: 5242880 })
    expect(directive.parse(['101%'], 0, CONTEXT)).toEqual({
      error: 'percentage argument must be less or equal to 100',
    })
    for (const text of ['-5%', '%', '5.5%', '5 %']) {
      expect(directive.parse([text], 0, CONTEXT)).toEqual({ error: 'argument must be a memory or percent value' })
    }
  })
})

test('strict integers have one spelling', () => {
  for (const [text, value] of [
    ['0', 0n],
    ['-1', -1n],
    ['9223372036854775807', INT64_MAX],
    ['-9223372036854775808', -INT64_MAX - 1n],
  ] as const) {
    expect(parseInteger(text)).toBe(value)
  }
  for (const text of ['', '-', '+1', '01', '-0', ' 1', '1 ', '1a', '0x10', '1e3', '9223372036854775808', '1\n']) {
    expect(parseInteger(text)).toBeNull()
  }
})

test('loose integers are what strtoll takes', () => {
  for (const [text, value] of [
    ['', 0n],
    [' \t007', 7n],
    ['+5', 5n],
    ['-5', -5n],
    ['99999999999999999999', INT64_MAX],
  ] as const) {
    expect(parseLooseInteger(text)).toBe(value)
  }
  for (const text of ['+', ' ', '1 ', '1a', '--1', '1\n']) expect(parseLooseInteger(text)).toBeNull()
})

test('permissions are octal', () => {
  const directive = octal(0, 0, 0o777)
  expect(directive.parse(['0700'], 0, CONTEXT)).toEqual({ value: 0o700 })
  expect(directive.format(0o700)).toBe('700')
  expect(directive.parse(['1000'], 0, CONTEXT)).toEqual({ error: 'argument must be between 0 and 777 inclusive' })
  expect(directive.parse(['8'], 0, CONTEXT)).toEqual({ error: "argument couldn't be parsed as an octal number" })
})
