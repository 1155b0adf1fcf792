import { randomFillSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Entries } from '../../../src/store/entries.js'
import { lpEmpty, lpInsertInto } from '../../../src/store/listpack/listpack-edit.js'
import { ByteRange } from '../../../src/types/byte-range.js'
import {
  adoptNode,
  compressedNode,
  copyNode,
  freeNode,
  isCompressedNode,
  isListpackSlot,
  isPlainNode,
  NodeContent,
  nodeBuffer,
  nodeBytes,
  nodeMemoryBytes,
  spliceNode,
  unpackedNode,
} from '../../../src/types/list/list-node.js'

const content = new NodeContent()

function listpackOf(...values: Buffer[]): Buffer {
  let listpack = Buffer.alloc(7)
  lpEmpty(listpack, 0)
  for (const value of values) {
    const larger = Buffer.alloc(listpack.length + value.length + 16)
    lpInsertInto(listpack, 0, larger, 0, -1, value, 0, value.length)
    listpack = Buffer.from(larger.subarray(0, larger.readUInt32LE(0)))
  }
  return listpack
}

function shownOf(entries: Entries, node: number): Buffer {
  content.show(entries, node)
  return Buffer.from(content.buffer.subarray(content.at, content.at + content.length))
}

const compressible = (length: number): Buffer => Buffer.alloc(length, 'some text ')
const random = (length: number): Buffer => randomFillSync(Buffer.alloc(length))

describe('a node', () => {
  test.each([10, 48, 5000, 65_520, 65_536, 200_000])('holds %d bytes, packed or plain, compressed or not', length => {
    const entries = new Entries()
    for (const bytes of [listpackOf(compressible(length)), compressible(length)]) {
      const isPlain = bytes.length === length
      const node = adoptNode(entries, Buffer.from(bytes), isPlain)
      expect(isPlainNode(entries, node)).toBe(isPlain)
      expect(isListpackSlot(entries, node)).toBe(!isPlain && bytes.length <= 65_536)
      expect(nodeBuffer(entries, node) >= 0).toBe(bytes.length + (isPlain ? 12 : 0) > 65_536)
      expect(nodeBytes(entries, node)).toBe(bytes.length)
      expect(shownOf(entries, node).equals(bytes)).toBe(true)
      expect(unpackedNode(entries, node)).toBe(0)
      const packed = compressedNode(entries, node)
      expect(packed !== 0).toBe(bytes.length >= 48)
      if (packed !== 0) {
        expect(isCompressedNode(entries, packed)).toBe(true)
        expect(isPlainNode(entries, packed)).toBe(isPlain)
        expect(nodeBytes(entries, packed)).toBe(bytes.length)
        expect(nodeMemoryBytes(entries, packed)).toBeLessThan(bytes.length / 2 + 100)
        expect(shownOf(entries, packed).equals(bytes)).toBe(true)
        expect(compressedNode(entries, packed)).toBe(0)
        for (const other of [copyNode(entries, packed), unpackedNode(entries, packed)]) {
          expect(shownOf(entries, other).equals(bytes)).toBe(true)
          freeNode(entries, other)
        }
        freeNode(entries, packed)
      }
      const copy = copyNode(entries, node)
      freeNode(entries, node)
      expect(shownOf(entries, copy).equals(bytes)).toBe(true)
      freeNode(entries, copy)
    }
    expect(entries.usedBytes + entries.externalBytes).toBe(0)
  })

  test('of bytes that do not compress, or of too many, stays as it is', () => {
    const entries = new Entries()
    expect(compressedNode(entries, adoptNode(entries, random(5000), true))).toBe(0)
    expect(compressedNode(entries, adoptNode(entries, compressible(256 * 1024 + 1), true))).toBe(0)
    expect(compressedNode(entries, adoptNode(entries, compressible(256 * 1024), true))).not.toBe(0)
  })

  test('that is compressed, but too long for a slot', () => {
    const entries = new Entries()
    const bytes = Buffer.concat([random(100_000), compressible(100_000)])
    const node = compressedNode(entries, adoptNode(entries, bytes, true))
    expect(nodeBuffer(entries, node)).toBeGreaterThanOrEqual(0)
    expect(shownOf(entries, node).equals(bytes)).toBe(true)
    expect(shownOf(entries, copyNode(entries, node)).equals(bytes)).toBe(true)
  })

  test('in a Buffer shrinks in place while nobody else refers to that', () => {
    const entries = new Entries()
    const values = Array.from({ length: 40 }, () => random(4000))
    const node = adoptNode(entries, listpackOf(...values), false)
    const number = nodeBuffer(entries, node)
    const { buffer: memory } = entries.buffers.get(number)
    content.show(entries, node)
    expect(spliceNode(entries, node, content, 6, 1, 0, 0, false)).toBe(node)
    expect(entries.buffers.get(number).buffer).toBe(memory)
    expect(shownOf(entries, node).equals(listpackOf(...values.slice(1)))).toBe(true)

    const held = entries.held.hold(entries.buffers.get(number))
    content.show(entries, node)
    const next = spliceNode(entries, node, content, 6, 1, 0, 0, false)
    expect(next).not.toBe(node)
    expect(shownOf(entries, next).equals(listpackOf(...values.slice(2)))).toBe(true)
    expect(shownOf(entries, node).equals(listpackOf(...values.slice(1)))).toBe(true)
    held.release()
  })

  test('lends long elements in a Buffer, and no others', () => {
    const entries = new Entries()
    const range = new ByteRange()
    const long = random(70_000)
    content.show(entries, adoptNode(entries, listpackOf(Buffer.from('short'), long), false))
    content.readElement(entries, 6, range)
    expect([range.lasting, range.copy().toString()]).toEqual([false, 'short'])
    content.readElement(entries, 6 + 7, range)
    expect(range.lasting).toBe(true)
    expect(range.buffer.equals(long)).toBe(true)
    expect(entries.isLent(content.external)).toBe(true)
  })
})
