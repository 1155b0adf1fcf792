/** Packed hashes by hand: listpacks, and what older servers wrote in their place. */
import { lpEmpty, lpEncodedSize, lpInsertInto } from '../../../src/store/listpack/listpack-edit.js'
import { cat, type Part } from './bytes.js'

/** A listpack of these elements. */
export function hashListpack(elements: string[]): Buffer {
  let listpack = Buffer.alloc(7)
  lpEmpty(listpack, 0)
  for (const element of elements) {
    const bytes = Buffer.from(element, 'latin1')
    const next = Buffer.alloc(listpack.length + lpEncodedSize(bytes, 0, bytes.length))
    lpInsertInto(listpack, 0, next, 0, -1, bytes, 0, bytes.length)
    listpack = next
  }
  return listpack
}

/** The encoding and the data of a ziplist's element: integers as Redis would encode them. */
function ziplistData(element: string): Buffer {
  if (/^(0|-?[1-9]\d{0,18})$/.test(element)) {
    const value = BigInt(element)
    const fits = (bits: bigint): boolean => value >= -(1n << (bits - 1n)) && value < 1n << (bits - 1n)
    if (value >= 0n && value <= 12n) return Buffer.of(0xf1 + Number(value))
    const data = Buffer.alloc(8)
    data.writeBigInt64LE(value)
    if (fits(8n)) return cat(0xfe, data.subarray(0, 1))
    if (fits(16n)) return cat(0xc0, data.subarray(0, 2))
    if (fits(24n)) return cat(0xf0, data.subarray(0, 3))
    if (fits(32n)) return cat(0xd0, data.subarray(0, 4))
    return cat(0xe0, data)
  }
  if (element.length < 64) return cat(element.length, element)
  if (element.length < 16384) return cat(0x40 | (element.length >> 8), element.length & 255, element)
  const head = Buffer.of(0x80, 0, 0, 0, 0)
  head.writeUInt32BE(element.length, 1)
  return cat(head, element)
}

export function ziplist(elements: string[]): Buffer {
  const entries: Buffer[] = []
  let previous = 0
  for (const element of elements) {
    const head = Buffer.of(0xfe, 0, 0, 0, 0)
    head.writeUInt32LE(previous, 1)
    const entry = cat(previous < 254 ? previous : head, ziplistData(element))
    entries.push(entry)
    previous = entry.length
  }
  const head = Buffer.alloc(10)
  const total = 10 + entries.reduce((sum, entry) => sum + entry.length, 0) + 1
  head.writeUInt32LE(total, 0)
  head.writeUInt32LE(entries.length === 0 ? 10 : total - 1 - previous, 4)
  head.writeUInt16LE(elements.length, 8)
  return cat(head, ...entries, 0xff)
}

/** A zipmap of these fields and values; `free` bytes of slack behind each value. */
export function zipmap(elements: string[], free = 0): Buffer {
  const parts: Part[] = [Math.min(254, elements.length / 2)]
  elements.forEach((element, i) => {
    const head = Buffer.of(0xfe, 0, 0, 0, 0)
    head.writeUInt32LE(element.length, 1)
    parts.push(element.length < 254 ? element.length : head)
    if (i % 2 === 1) parts.push(free)
    parts.push(element)
    if (i % 2 === 1) parts.push(Buffer.alloc(free, 0x7f))
  })
  return cat(...parts, 0xff)
}
