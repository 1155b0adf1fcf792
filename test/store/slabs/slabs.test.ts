import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CHUNK_SHIFT, Slabs, UNIT_MASK } from '../../../src/store/slabs/slabs.js'

const MIB = 1024 * 1024
/** What an empty Slabs may keep: chunk 0, and one chunk as a cushion. */
const KEPT_BYTES = 2 * MIB

/** Fills every allocation with a byte of its own, so that an overlap shows as damage. */
class Model {
  readonly slabs = new Slabs()
  readonly live = new Map<number, { size: number; mark: number }>()
  private marks = 0

  allocate(size: number): number {
    const address = this.slabs.allocate(size)
    const mark = this.marks++ & 0xff
    expect(address).toBeGreaterThan(0)
    expect(this.live.has(address)).toBe(false)
    this.bytesAt(address, size).fill(mark)
    this.live.set(address, { size, mark })
    return address
  }

  free(address: number): void {
    const slot = this.live.get(address)
    if (slot === undefined) throw new Error('not allocated')
    this.checkSlot(address)
    this.live.delete(address)
    this.slabs.free(address, slot.size)
  }

  bytesAt(address: number, size: number): Buffer {
    const start = (address & UNIT_MASK) * 8
    const bytes = this.slabs.bytes[address >>> CHUNK_SHIFT]
    expect(start + size).toBeLessThanOrEqual(bytes.length)
    return bytes.subarray(start, start + size)
  }

  checkSlot(address: number): void {
    const slot = this.live.get(address)
    if (slot === undefined) return
    const bytes = this.bytesAt(address, slot.size)
    if (!bytes.every(byte => byte === slot.mark)) expect.fail(`bytes at ${address} were overwritten`)
  }

  check(): void {
    let used = 0
    for (const [address, { size }] of this.live) {
      this.checkSlot(address)
      used += Slabs.slotBytes(size)
    }
    expect(this.slabs.usedBytes).toBe(used)
    expect(this.slabs.reservedBytes).toBeGreaterThanOrEqual(
      this.slabs.bytes.reduce((sum, chunk) => sum + chunk.length, 0),
    )
    expect(this.slabs.reservedBytes).toBeGreaterThanOrEqual(used)
  }
}

describe('slot memory', () => {
  const size = fc.oneof(
    fc.integer({ min: 1, max: 300 }),
    fc.integer({ min: 1, max: 5000 }),
    fc.integer({ min: 5000, max: 65_536 }),
    fc.integer({ min: 65_537, max: 200_000 }),
  )

  test('what is allocated does not overlap and stays as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ size, free: fc.boolean(), pick: fc.nat() }), { maxLength: 300 }), steps => {
        const model = new Model()
        for (const step of steps) {
          const addresses = [...model.live.keys()]
          if (step.free && addresses.length > 0) model.free(addresses[step.pick % addresses.length])
          else model.allocate(step.size)
          if (step.pick % 16 === 0) model.slabs.releaseCushion()
        }
        model.check()
        for (const address of [...model.live.keys()]) model.free(address)
        model.check()
        expect(model.slabs.usedBytes).toBe(0)
        expect(model.slabs.reservedBytes).toBeLessThanOrEqual(KEPT_BYTES)
      }),
      { numRuns: 60 },
    )
  })

  test('a slot has at least the bytes asked for, and at most an eighth more, a sixth above 4 KiB, a third above 8 KiB', () => {
    for (let bytes = 1; bytes <= 70_000; bytes++) {
      const slot = Slabs.slotBytes(bytes)
      const share = bytes <= 4096 ? 1 / 8 : bytes <= 8192 ? 1 / 6 : 1 / 3
      // Of what only two fit a page, or one, each has all of its share.
      const most = bytes <= 21_840 ? bytes * (1 + share) + 8 : bytes <= 32_768 ? 32_768 : Math.max(65_536, bytes + 7)
      if (slot < bytes || slot % 8 !== 0 || slot > Math.max(bytes + 7, most)) expect.fail(`${bytes}: ${slot}`)
    }
  })

  test('a slot of a page tells its size', () => {
    const slabs = new Slabs()
    for (let bytes = 1; bytes <= 65_536; bytes += 97) {
      expect(slabs.slotBytesAt(slabs.allocate(bytes))).toBe(Slabs.slotBytes(bytes))
    }
  })

  test.each([8, 24, 72, 1000, 20_000, 65_536, 100_000])('memory of %i-byte slots is used again', bytes => {
    const slabs = new Slabs()
    const count = Math.ceil((4 * MIB) / bytes)
    const fill = () => Array.from({ length: count }, () => slabs.allocate(bytes))
    let addresses = fill()
    const reserved = slabs.reservedBytes
    for (let round = 0; round < 3; round++) {
      for (const address of addresses) slabs.free(address, bytes)
      expect(slabs.usedBytes).toBe(0)
      expect(slabs.reservedBytes).toBeLessThanOrEqual(KEPT_BYTES)
      addresses = fill()
      expect(slabs.reservedBytes).toBeLessThanOrEqual(reserved)
    }
  })

  test('pages of one size class serve another when they are empty', () => {
    const slabs = new Slabs()
    const small = Array.from({ length: 50_000 }, () => slabs.allocate(16))
    const reserved = slabs.reservedBytes
    for (const address of small) slabs.free(address, 16)
    const large = Array.from({ length: 5_000 }, () => slabs.allocate(128))
    expect(slabs.reservedBytes).toBeLessThanOrEqual(reserved)
    expect(new Set(large).size).toBe(5_000)
  })

  test('the cushion goes back to the system when it is asked for', () => {
    const slabs = new Slabs()
    const all = Array.from({ length: (3 * MIB) / 64 }, () => slabs.allocate(64))
    for (const address of all) slabs.free(address, 64)
    expect(slabs.reservedBytes).toBe(KEPT_BYTES)
    slabs.releaseCushion()
    expect(slabs.reservedBytes).toBe(KEPT_BYTES - MIB)
    slabs.releaseCushion()
    expect(slabs.reservedBytes).toBe(KEPT_BYTES - MIB)
    expect(slabs.allocate(64)).toBeGreaterThan(0)
  })

  test('tells how the pages of each size class are used', () => {
    const slabs = new Slabs()
    const first = slabs.allocate(100)
    for (let i = 0; i < 9; i++) slabs.allocate(100)
    for (let i = 0; i < 5; i++) slabs.allocate(20_000)
    slabs.free(first, 100)
    expect(slabs.classes()).toEqual([
      { slotBytes: 104, pages: 1, slots: 630, used: 9 },
      { slotBytes: 21_840, pages: 2, slots: 6, used: 5 },
    ])
  })

  test('every other slot freed is filled again before memory grows', () => {
    const slabs = new Slabs()
    const all = Array.from({ length: 100_000 }, () => slabs.allocate(40))
    const reserved = slabs.reservedBytes
    for (let i = 0; i < all.length; i += 2) slabs.free(all[i], 40)
    for (let i = 0; i < all.length; i += 2) all[i] = slabs.allocate(40)
    expect(slabs.reservedBytes).toBe(reserved)
    expect(new Set(all).size).toBe(all.length)
  })

  test('more than a page is a chunk of exactly its size, given back at once', () => {
    const slabs = new Slabs()
    const address = slabs.allocate(3 * MIB + 5)
    expect(address).toBeGreaterThan(0)
    const reserved = slabs.reservedBytes
    const bytes = slabs.bytes[address >>> CHUNK_SHIFT]
    expect(bytes.length).toBe(3 * MIB + 8)
    slabs.free(address, 3 * MIB + 5)
    expect(slabs.reservedBytes).toBe(reserved - bytes.length)
    expect(slabs.usedBytes).toBe(0)
  })

  test('a page that opens and closes over and over leaves nothing behind', () => {
    const slabs = new Slabs()
    // All pages of a chunk but one, so that the page under test is the chunk's last free one each time.
    for (let i = 0; i < 14; i++) slabs.allocate(65_536)
    slabs.allocate(8)
    for (let i = 0; i < 20_000; i++) slabs.free(slabs.allocate(65_536), 65_536)
    expect(slabs.reservedBytes).toBe(MIB)
    expect(
      JSON.stringify(slabs, (key, value: unknown) => (key === 'bytes' || key === 'words' ? null : value)).length,
    ).toBeLessThan(20_000)
  })
})
