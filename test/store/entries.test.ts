import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CLOCK_SHIFT,
  ENCODING_AGGREGATE,
  ENCODING_EXTERNAL,
  ENCODING_INT32,
  ENCODING_INT64,
  ENCODING_LISTPACK_EXTERNAL,
  ENCODING_PLAIN,
  ENCODING_RAW,
  ENCODING_SHIFT,
  Entries,
  HAS_EXPIRY,
  TYPE_HASH,
  TYPE_STRING,
} from '../../src/store/entries.js'

const NEVER = Number.NaN

function create(
  entries: Entries,
  key: Uint8Array,
  { type = TYPE_STRING, encoding = ENCODING_PLAIN, clock = 0, value = new Uint8Array(), expiryMs = NEVER } = {},
): number {
  const inline = encoding === ENCODING_INT64 ? 8 : value.length
  const meta = type | (encoding << ENCODING_SHIFT) | (clock << CLOCK_SHIFT)
  const address = entries.create(meta, key, 0, key.length, inline, expiryMs)
  entries.memory(address).set(value, entries.valueStart(address))
  return address
}

function inlineValue(entries: Entries, address: number): Buffer {
  const start = entries.valueStart(address)
  return Buffer.from(entries.memory(address).subarray(start, start + entries.payload(address)))
}

const bytes = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ minLength: 60, maxLength: 5000 }))
const expiry = fc.oneof(
  fc.constant(NEVER),
  fc.integer({ min: 0, max: 2 ** 47 }),
  fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 52),
)

describe('an entry', () => {
  test('gives back what it was made of', () => {
    const entries = new Entries()
    fc.assert(
      fc.property(bytes, bytes, expiry, fc.nat(0xffffff), (key, value, expiryMs, clock) => {
        const address = create(entries, key, { value, expiryMs, clock })
        expect(address).not.toBe(0)
        expect(entries.keyCopy(address)).toEqual(Buffer.from(key))
        expect(inlineValue(entries, address)).toEqual(Buffer.from(value))
        expect(entries.expiry(address)).toBe(expiryMs)
        expect(entries.clock(address)).toBe(clock)
        expect(entries.type(address)).toBe(TYPE_STRING)
        expect(entries.encoding(address)).toBe(ENCODING_PLAIN)
        expect(entries.keyEquals(address, key, 0, key.length)).toBe(true)
        expect(entries.keyEquals(address, Buffer.concat([key, Buffer.of(0)]), 0, key.length + 1)).toBe(false)
        expect(entries.entryBytes(address)).toBe((Number.isNaN(expiryMs) ? 12 : 20) + key.length + value.length)
        entries.destroy(address)
      }),
    )
    expect(entries.usedBytes).toBe(0)
  })

  test('does not depend on a flag in the meta word for its expiry', () => {
    const entries = new Entries()
    const key = Buffer.from('k')
    const plain = entries.create(HAS_EXPIRY, key, 0, 1, 0, NEVER)
    expect(entries.expiry(plain)).toBeNaN()
    expect(entries.meta(plain) & HAS_EXPIRY).toBe(0)
    expect(entries.meta(entries.create(0, key, 0, 1, 0, 5)) & HAS_EXPIRY).toBe(HAS_EXPIRY)
  })

  test('keeps its neighbours whole when expiry, clock and value change', () => {
    const entries = new Entries()
    const addresses = Array.from({ length: 50 }, (_, i) =>
      create(entries, Buffer.from(`key:${i}`), { value: Buffer.from(`value:${i}`), expiryMs: 1000 + i }),
    )
    const changed = addresses[25]
    entries.setExpiry(changed, 2 ** 45 + 7)
    entries.setClock(changed, 0xabcdef)
    entries.setInline(changed, ENCODING_RAW, 3)
    entries.memory(changed).set(Buffer.from('XYZ'), entries.valueStart(changed))
    addresses.forEach((address, i) => {
      const own = i === 25
      expect(entries.keyCopy(address).toString()).toBe(`key:${i}`)
      expect(inlineValue(entries, address).toString()).toBe(own ? 'XYZ' : `value:${i}`)
      expect(entries.expiry(address)).toBe(own ? 2 ** 45 + 7 : 1000 + i)
      expect(entries.clock(address)).toBe(own ? 0xabcdef : 0)
      expect(entries.encoding(address)).toBe(own ? ENCODING_RAW : ENCODING_PLAIN)
    })
  })

  test('says what fits its slot, and what it says is true', () => {
    const entries = new Entries()
    const key = Buffer.from('key')
    for (const expiryMs of [NEVER, 1]) {
      for (const length of [0, 1, 4, 5, 12, 100, 300, 1000, 4000]) {
        const address = create(entries, key, { value: Buffer.alloc(length, 'v'), expiryMs })
        const capacity = entries.inlineCapacity(address)
        expect(capacity).toBeGreaterThanOrEqual(length)
        expect(entries.fitsSlot(address, length)).toBe(true)
        expect(entries.fitsSlot(address, capacity)).toBe(true)
        expect(entries.fitsSlot(address, capacity + 1)).toBe(false)
        // To grow within the slot and free the entry must give back the same slot.
        entries.setInline(address, ENCODING_RAW, capacity)
        entries.destroy(address)
        expect(entries.usedBytes).toBe(0)
      }
    }
  })
})

describe('integers', () => {
  test.each([0, 1, -1, 2 ** 31 - 1, -(2 ** 31)])('%d in 32 bits', value => {
    const entries = new Entries()
    const address = create(entries, Buffer.from('n'), { encoding: ENCODING_INT32 })
    entries.setPayload(address, value)
    expect(entries.safeInteger(address)).toBe(value)
    expect(entries.bigInteger(address)).toBe(BigInt(value))
    expect(entries.entryBytes(address)).toBe(13)
  })

  test.each([2n ** 31n, -(2n ** 31n) - 1n, 2n ** 53n - 1n, 1n - 2n ** 53n, -1n, 2n ** 32n])('%d in 64 bits', value => {
    const entries = new Entries()
    const address = create(entries, Buffer.from('n'), { encoding: ENCODING_INT64, expiryMs: 3 })
    entries.memory(address).writeBigInt64LE(value, entries.valueStart(address))
    expect(entries.safeInteger(address)).toBe(Number(value))
    expect(entries.bigInteger(address)).toBe(value)
  })

  test.each([2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)])('%d only as a bigint', value => {
    const entries = new Entries()
    const address = create(entries, Buffer.from('n'), { encoding: ENCODING_INT64 })
    entries.memory(address).writeBigInt64LE(value, entries.valueStart(address))
    expect(entries.safeInteger(address)).toBeNaN()
    expect(entries.bigInteger(address)).toBe(value)
  })
})

describe('values of their own memory', () => {
  test.each([ENCODING_EXTERNAL, ENCODING_LISTPACK_EXTERNAL])('encoding %d goes with the entry', encoding => {
    const entries = new Entries()
    const address = create(entries, Buffer.from('k'), { encoding })
    const number = entries.addBuffer(Buffer.alloc(10_000))
    entries.setPayload(address, number)
    expect(entries.entryBytes(address)).toBe(13)
    entries.replaceBuffer(number, Buffer.alloc(20_000))
    expect(entries.externalBytes).toBe(20_000)
    entries.destroy(address)
    expect(entries.externalBytes).toBe(0)
    expect(entries.usedBytes).toBe(0)
    expect(entries.addBuffer(Buffer.alloc(1))).toBe(number)
  })

  test('a table is left to its owner', () => {
    const entries = new Entries()
    const number = entries.addBuffer(Buffer.alloc(5000))
    const address = create(entries, Buffer.from('k'), { type: TYPE_HASH, encoding: ENCODING_AGGREGATE })
    entries.setPayload(address, number)
    entries.destroy(address)
    expect(entries.buffers.get(number).length).toBe(5000)
  })
})

test('a key of more than a slab page is possible', () => {
  const entries = new Entries()
  const key = Buffer.alloc(3_000_000, 'k')
  const small = create(entries, Buffer.from('a'), { value: Buffer.from('1') })
  const address = create(entries, key, { value: Buffer.from('value'), expiryMs: 9 })
  expect(entries.keyCopy(address).equals(key)).toBe(true)
  expect(inlineValue(entries, address).toString()).toBe('value')
  expect(entries.hashOf(small)).not.toBe(entries.hashOf(address))
  entries.destroy(address)
  expect(inlineValue(entries, small).toString()).toBe('1')
})

describe('a member', () => {
  test('gives back what it was made of, and costs four bytes more than that', () => {
    const entries = new Entries()
    fc.assert(
      fc.property(bytes, fc.option(fc.uint8Array({ minLength: 8, maxLength: 8 })), (name, value) => {
        let address = entries.createMember(name, 0, name.length, value !== null)
        if (value !== null) entries.memory(address).set(value, entries.valueStart(address))
        expect(entries.entryBytes(address)).toBe(4 + name.length + (value?.length ?? 0))
        address = entries.relocate(address)
        expect(entries.keyCopy(address)).toEqual(Buffer.from(name))
        expect(entries.encoding(address)).toBe(value === null ? ENCODING_PLAIN : ENCODING_INT64)
        expect(entries.meta(address) & HAS_EXPIRY).toBe(0)
        expect(entries.keyEquals(address, name, 0, name.length)).toBe(true)
        expect(entries.keyEquals(address, Buffer.concat([name, Buffer.of(0)]), 0, name.length + 1)).toBe(false)
        if (value !== null) {
          const start = entries.valueStart(address)
          expect(Buffer.from(entries.memory(address).subarray(start, start + 8))).toEqual(Buffer.from(value))
        }
        entries.destroy(address)
        expect(entries.usedBytes).toBe(0)
      }),
    )
  })

  test('may have a name of any length', () => {
    const entries = new Entries()
    for (const length of [0xffffff, 0x1000000]) {
      const name = Buffer.alloc(length, 'n')
      const address = entries.createMember(name, 0, length, true)
      entries.memory(address).writeDoubleLE(1.5, entries.valueStart(address))
      expect(entries.keyLength(address)).toBe(length)
      expect(entries.keyEquals(address, name, 0, length)).toBe(true)
      expect(entries.memory(address).readDoubleLE(entries.valueStart(address))).toBe(1.5)
      entries.destroy(address)
    }
    expect(entries.usedBytes).toBe(0)
  })
})
