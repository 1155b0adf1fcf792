/**
 * Big strings, which have a Buffer of their own, grow and change in place where they can: a bitmap of 100 MB is not copied for
 * a bit. Three rules make that safe. Replies under way refer to the bytes that a value had when they were written, so
 * those are only overwritten when the Buffer is not lent. Who reads the bytes in slices is told what is about to change. And
 * room behind a value belongs to the one value that ends there.
 */
import { constants } from 'node:buffer'
import type { Entries } from '../../store/entries.js'

/**
 * Room for growth: as much again up to the first of these, then a quarter up to the second. The system does not hand out
 * memory that is not written to yet, but used_memory counts it.
 */
const DOUBLED_MAX_BYTES = 1024 * 1024
const ROOM_MAX_BYTES = 64 * 1024 * 1024

/** How far memory with room in it is used. Behind that it is zero. */
const usedBytes = new WeakMap<ArrayBufferLike, number>()

/**
 * Makes the big string of this number `length` bytes long if it is shorter, with zeros at its end, and lets bytes [from, to)
 * be changed in place. Amortised O(1) but for the first change after the Buffer was lent, which copies it.
 */
export function openForOverwrite(entries: Entries, number: number, from: number, to: number, length: number): void {
  const value = entries.buffers.get(number)
  if (from < value.length && entries.isLent(number)) {
    const copy = length > value.length ? extended(value, 0, value.length, length) : entries.copyOf(value, 0, length)
    entries.replaceBuffer(number, copy)
    return
  }
  if (entries.held.active) entries.held.beforeWrite(value, from, to)
  if (length > value.length) entries.replaceBuffer(number, grown(value, length))
}

/** Leaves the first `length` bytes of the big string of this number, all of which may be changed. */
export function shorten(entries: Entries, number: number, length: number): void {
  const value = entries.buffers.get(number)
  const end = value.byteOffset + value.length
  // Room is zero, and what has been cut off is room again.
  if (usedBytes.get(value.buffer) === end) {
    value.fill(0, length)
    usedBytes.set(value.buffer, value.byteOffset + length)
  }
  entries.replaceBuffer(number, value.subarray(0, length))
}

function grown(value: Buffer, length: number): Buffer {
  const { buffer: memory, byteOffset } = value
  const end = byteOffset + length
  if (end > memory.byteLength || usedBytes.get(memory) !== byteOffset + value.length) {
    return extended(value, 0, value.length, length)
  }
  usedBytes.set(memory, end)
  return Buffer.from(memory, byteOffset, length)
}

/** bytes[start, end) with zeros behind, `length` bytes in all, in new memory that has room for more. */
export function extended(bytes: Buffer, start: number, end: number, length: number): Buffer {
  // Twice the length but one byte: an odd size is none of BufferPool's, from where memory would not come back as zeros.
  const room =
    length <= DOUBLED_MAX_BYTES ? length - 1 : Math.min(Math.max(DOUBLED_MAX_BYTES, length / 4), ROOM_MAX_BYTES)
  const memory = Buffer.alloc(Math.min(length + Math.floor(room), constants.MAX_LENGTH))
  bytes.copy(memory, 0, start, end)
  usedBytes.set(memory.buffer, length)
  return memory.subarray(0, length)
}
