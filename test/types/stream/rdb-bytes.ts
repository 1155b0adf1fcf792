/** RDB bytes of streams by hand. */
import { cat, length, length64, type Part, str } from '../../persistence/rdb/bytes.js'

/** Types of RDB: those of Redis 5, 7.0 and 7.2. */
export const STREAM_LISTPACKS = 15
export const STREAM_LISTPACKS_2 = 19
export const STREAM_LISTPACKS_3 = 21

function u16(value: number): Buffer {
  return Buffer.of(value & 255, value >> 8)
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** A listpack of numbers from -4096 to 4095 and strings of up to 63 bytes. */
export function listpack(...elements: (number | string)[]): Buffer {
  const body = Buffer.concat(
    elements.map(element => {
      if (typeof element === 'string') return cat(0x80 | element.length, element, element.length + 1)
      if (element >= 0 && element < 128) return cat(element, 1)
      return cat(0xc0 | ((element >> 8) & 31), element & 255, 2)
    }),
  )
  return cat(u32(body.length + 7), u16(elements.length), body, 0xff)
}

export function idBytes(ms: bigint | number, seq: bigint | number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeBigUInt64BE(BigInt(ms))
  bytes.writeBigUInt64BE(BigInt(seq), 8)
  return bytes
}

/** An entry with the field of the node's, "f": its flags, and how far its ID lies behind the node's. */
export function entry(ms: number, seq: number, value = 'v', flags = 2): (number | string)[] {
  return [flags, ms, seq, value, 4]
}

export function node(
  ms: bigint | number,
  seq: number,
  count: number,
  deleted: number,
  ...entries: (number | string)[][]
): Buffer {
  return cat(str(idBytes(ms, seq)), str(listpack(count, deleted, 1, 'f', 0, ...entries.flat())))
}

export function time(ms: bigint | number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(BigInt(ms))
  return bytes
}

export interface Facts {
  length: number
  lastId: [number, number]
  firstId?: [number, number]
  deletedId?: [number, number]
  added?: bigint | number
}

/** What is known of a stream, but for its groups: with `added` in the forms since 7.0. */
export function facts({ added, deletedId = [0, 0], firstId = [0, 0], lastId, length: count }: Facts): Buffer {
  const all = [length(count), ...lastId.map(length)]
  if (added !== undefined)
    all.push(...[...firstId, ...deletedId].map(length), length64(BigInt.asUintN(64, BigInt(added))))
  return cat(...all)
}

export function items(...parts: Part[]): Buffer {
  return cat(length(parts.length), ...parts)
}
