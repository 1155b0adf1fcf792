import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteStrings } from '../../../../src/commands/generic/sort/byte-strings.js'
import { FirstOnes } from '../../../../src/commands/generic/sort/first-ones.js'
import { MergeSort } from '../../../../src/commands/generic/sort/merge-sort.js'
import { byBytes, byElement, byText, Order } from '../../../../src/commands/generic/sort/order.js'
import { RangeSort, sortRange } from '../../../../src/commands/generic/sort/partial-sort.js'

const NOW = 0
const AT_ONCE = Number.POSITIVE_INFINITY

function stringsOf(texts: readonly (string | null)[]): ByteStrings {
  const strings = new ByteStrings(texts.length)
  for (const text of texts) {
    const bytes = Buffer.from(`..${text}.`, 'latin1')
    if (text === null) strings.addNothing()
    else strings.add(bytes, 2, bytes.length - 1)
  }
  return strings
}

/** Texts with many that are equal, and others that begin alike. */
const text = fc.oneof(
  fc.constantFrom('', 'a', 'aaaaaaa', 'aaaaaaab', 'b', '\0', 'a\0', 'a\0b', '\xff'),
  fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\xff'), maxLength: 9 }),
)
const numbers = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true })), { maxLength: 200 })

function orderOf(keys: readonly number[], isDescending: boolean): Order {
  const order = new Order(keys.length, isDescending, () => 0)
  for (const [i, key] of keys.entries()) order.setKey(i, key)
  return order
}

/** As a sort that is stable has it. */
function expected(order: Order, count: number): number[] {
  return Array.from({ length: count }, (_, i) => i).sort((a, b) => order.compare(a, b))
}

describe('a merge sort', () => {
  it('sorts, and leaves what is equal as it was', () => {
    fc.assert(
      fc.property(numbers, fc.boolean(), (keys, isDescending) => {
        const order = orderOf(keys, isDescending)
        const sort = new MergeSort(order, keys.length)
        expect(sort.step(AT_ONCE)).toBe(true)
        expect([...sort.sorted]).toEqual(expected(order, keys.length))
      }),
    )
  })

  it('pauses whenever its time is up', () => {
    const keys = Array.from({ length: 10_000 }, (_, i) => (i * 7919) % 1000)
    const order = orderOf(keys, false)
    const sort = new MergeSort(order, keys.length)
    let steps = 1
    while (!sort.step(NOW)) steps++
    expect(steps).toBeGreaterThan(50)
    expect([...sort.sorted]).toEqual(expected(order, keys.length))
  })
})

describe('the first few of an order', () => {
  it('are those of a sort that is stable', () => {
    fc.assert(
      fc.property(numbers, fc.boolean(), fc.nat(20), (keys, isDescending, most) => {
        const order = orderOf(keys, isDescending)
        const wanted = Math.min(most, keys.length)
        const first = new FirstOnes(order, keys.length, wanted)
        expect(first.step(AT_ONCE)).toBe(true)
        expect([...first.sorted]).toEqual(expected(order, keys.length).slice(0, wanted))
      }),
    )
  })

  it('pauses whenever its time is up', () => {
    const keys = Array.from({ length: 10_000 }, (_, i) => (i * 7919) % 10_007)
    const order = orderOf(keys, true)
    const first = new FirstOnes(order, keys.length, 10)
    let steps = 1
    while (!first.step(NOW)) steps++
    expect(steps).toBe(10)
    expect([...first.sorted]).toEqual(expected(order, keys.length).slice(0, 10))
  })
})

describe('a partial sort', () => {
  it('brings the range in order, whatever is around it', () => {
    fc.assert(
      fc.property(numbers, fc.nat(200), fc.nat(200), (keys, a, b) => {
        const order = orderOf(keys, false)
        const first = Math.min(a, b)
        const last = Math.min(Math.max(a, b), keys.length - 1)
        const elements = Uint32Array.from(keys, (_, i) => i)
        sortRange(order, elements, first, last)
        const sorted = [...keys].sort((x, y) => x - y)
        for (let i = first; i <= last; i++) expect(keys[elements[i]] === sorted[i]).toBe(true)
        expect([...elements].sort((x, y) => x - y)).toEqual(keys.map((_, i) => i))
      }),
    )
  })
})

describe('a partial sort that pauses', () => {
  it('comes to the same order, of what is equal too', () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 300)
    const order = orderOf(keys, false)
    const atOnce = Uint32Array.from(keys, (_, i) => i)
    sortRange(order, atOnce, 0, 999)
    const sort = new RangeSort(
      order,
      Uint32Array.from(keys, (_, i) => i),
      0,
      999,
    )
    let steps = 1
    while (!sort.step(NOW)) steps++
    expect(steps).toBeGreaterThan(10)
    expect([...sort.sorted]).toEqual([...atOnce])
  })
})

describe('the order of texts', () => {
  const sign = (order: number): number => Math.sign(order)

  it('is that of their bytes', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const texts = stringsOf([a, b])
        const order = new Order(2, false, byBytes(texts))
        for (const i of [0, 1]) texts.noteShared(i)
        for (const i of [0, 1]) order.setKey(i, texts.prefix(i))
        expect(sign(order.compare(0, 1))).toBe(Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')))
      }),
    )
  })

  it('is that of C, where a zero byte ends them', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const texts = stringsOf([a, b])
        const order = new Order(2, false, byText(texts))
        for (const i of [0, 1]) texts.noteShared(i)
        for (const i of [0, 1]) order.setKey(i, texts.prefix(i))
        const [x, y] = [a, b].map(whole => Buffer.from(whole.split('\0')[0], 'latin1'))
        expect(sign(order.compare(0, 1))).toBe(Buffer.compare(x, y))
      }),
    )
  })

  it('has those without a text in front, all the same', () => {
    const texts = stringsOf([null, '', null])
    const order = new Order(3, false, byText(texts))
    for (const i of [0, 1, 2]) texts.noteShared(i)
    for (const i of [0, 1, 2]) order.setKey(i, texts.prefix(i))
    expect([order.compare(0, 1), order.compare(0, 2), sign(order.compare(1, 2))]).toEqual([-1, 0, 1])
  })

  it('decides between equal weights, backwards when the order is', () => {
    const elements = stringsOf(['a', 'b'])
    for (const isDescending of [false, true]) {
      const order = new Order(2, isDescending, byElement(elements))
      expect(sign(order.compare(0, 1))).toBe(isDescending ? 1 : -1)
    }
  })
})

describe('byte strings', () => {
  it('come back as they were, whatever their lengths', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9000 }), { maxLength: 20 }), arrays => {
        const strings = new ByteStrings(arrays.length)
        for (const bytes of arrays) strings.add(Buffer.from(bytes), 0, bytes.length)
        arrays.forEach((bytes, i) => {
          const [start, end] = [strings.start(i), strings.end(i)]
          expect(strings.buffer(i).subarray(start, end).equals(bytes)).toBe(true)
        })
      }),
    )
  })
})
