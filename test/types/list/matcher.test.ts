import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LP_HEADER_SIZE, lpBytes, lpEnd, lpEntrySize } from '../../../src/store/listpack/listpack.js'
import { lpEmpty, lpInsertInto, lpSplicedSize } from '../../../src/store/listpack/listpack-edit.js'
import { gatherKept, kept } from '../../../src/types/list/kept-elements.js'
import { Matcher } from '../../../src/types/list/matcher.js'

const elements = fc.oneof(
  fc.constantFrom('', '0', '5', '127', '128', '-1', '4095', '-4097', '70000', '9223372036854775807', '05', 'x', 'ab'),
  fc.integer({ min: 0, max: 3 }).map(n => `name ${n}`),
  fc.constantFrom(62, 63, 64, 65, 4095, 4096).map(n => 'y'.repeat(n)),
)

/** A listpack of these at offset 5 of a Buffer. */
function listpackOf(values: readonly string[]): Buffer {
  let listpack = Buffer.alloc(12)
  lpEmpty(listpack, 5)
  for (const value of values) {
    const bytes = Buffer.from(value, 'latin1')
    const larger = Buffer.alloc(5 + lpSplicedSize(listpack, 5, -1, 0, bytes.length + 20))
    lpInsertInto(listpack, 5, larger, 5, -1, bytes, 0, bytes.length)
    listpack = larger
  }
  return listpack
}

function matcherFor(value: string): Matcher {
  const matcher = new Matcher()
  const bytes = Buffer.from(`..${value}..`, 'latin1')
  matcher.of(bytes, 2, bytes.length - 2)
  return matcher
}

describe('a matcher', () => {
  test('finds what is equal, of every encoding, and tells where', () => {
    fc.assert(
      fc.property(fc.array(elements, { maxLength: 300 }), elements, (values, wanted) => {
        const listpack = listpackOf(values)
        const matcher = matcherFor(wanted)
        const expected = values.flatMap((value, i) => (value === wanted ? [i] : []))
        const count = matcher.collect(listpack, 5)
        expect([...matcher.indexes.subarray(0, count)]).toEqual(expected)
        for (let i = 0; i < count; i++) {
          const found = matcher.next(listpack, 5, matcher.positions[i], expected[i], expected[i] + 1)
          expect([found, matcher.index]).toEqual([true, expected[i]])
        }
      }),
      { numRuns: 150 },
    )
  })

  test('stops where it is told to, and goes on from there', () => {
    const listpack = listpackOf(['a', 'b', 'c', 'b'])
    const matcher = matcherFor('b')
    expect(matcher.next(listpack, 5, 5 + LP_HEADER_SIZE, 0, 1)).toBe(false)
    expect(matcher.index).toBe(1)
    expect(matcher.next(listpack, 5, matcher.pos, matcher.index, 4)).toBe(true)
    expect(matcher.index).toBe(1)
    const behind = matcher.pos + lpEntrySize(listpack, matcher.pos)
    expect(matcher.next(listpack, 5, behind, 2, 3)).toBe(false)
    expect(matcher.next(listpack, 5, behind, 2, 4)).toBe(true)
    expect(matcher.index).toBe(3)
    expect(matcher.next(listpack, 5, lpEnd(listpack, 5), 4, 100)).toBe(false)
  })

  test('knows an element that stands alone', () => {
    const matcher = matcherFor('12')
    const bytes = Buffer.from('x12y')
    expect(matcher.isPlain(bytes, 1, 2)).toBe(true)
    expect(matcher.isPlain(bytes, 1, 3)).toBe(false)
    expect(matcher.isPlain(bytes, 0, 2)).toBe(false)
  })
})

test('what stays between elements that go is gathered in order', () => {
  const values = Array.from({ length: 2000 }, (_, i) => (i % 3 === 0 ? 'gone' : `kept ${i}`))
  const listpack = listpackOf(values)
  const matcher = matcherFor('gone')
  const count = matcher.collect(listpack, 5)
  const length = gatherKept(listpack, matcher.positions, 1, count - 2)
  const expected = listpackOf(values.slice(3, matcher.indexes[count - 2]).filter(value => value !== 'gone'))
  const size = lpBytes(expected, 5)
  expect(kept.bytes.subarray(0, length)).toEqual(expected.subarray(5 + LP_HEADER_SIZE, 5 + size - 1))
})
