import { randomFillSync } from 'node:crypto'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { CRC64_LENGTH, Crc64 } from '../../src/bytes/crc64.js'
import { lzfCompress, lzfDecompress } from '../../src/bytes/lzf.js'
import { requireStock, startRedisServer } from '../interop/stock.js'

/** More than LZF ever needs: one byte more for each 32 literals. */
function compress(source: Uint8Array): Buffer {
  const target = Buffer.alloc(source.length + (source.length >> 5) + 8)
  return target.subarray(0, lzfCompress(source, 0, source.length, target))
}

/** Null when the input is refused. Checks that nothing beside the given range is written. */
function decompress(source: Uint8Array, length: number): Buffer | null {
  const target = Buffer.alloc(length + 16, 0x5a)
  const done = lzfDecompress(source, 0, source.length, target, 8, 8 + length)
  expect(target.subarray(0, 8).equals(Buffer.alloc(8, 0x5a))).toBe(true)
  expect(target.subarray(8 + length).equals(Buffer.alloc(8, 0x5a))).toBe(true)
  return done ? target.subarray(8, 8 + length) : null
}

/** Bytes with short and long repetitions, runs, and stretches without either. */
const compressible = fc
  .array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 50 }),
      fc.tuple(fc.nat(255), fc.nat(700)).map(([byte, count]) => new Uint8Array(count).fill(byte)),
      fc
        .tuple(fc.uint8Array({ minLength: 2, maxLength: 12 }), fc.nat(60))
        .map(([period, count]) => Buffer.concat(Array.from({ length: count }, () => period))),
    ),
    { maxLength: 20 },
  )
  .map(parts => Buffer.concat(parts))

describe('LZF', () => {
  test('gives back what it compressed', () => {
    fc.assert(
      fc.property(compressible, source => {
        expect(decompress(compress(source), source.length)).toEqual(source)
      }),
      { numRuns: 500 },
    )
  })

  test('compresses what repeats', () => {
    const text = Buffer.from('the quick brown fox jumps over the lazy dog. '.repeat(100))
    expect(compress(text).length).toBeLessThan(text.length / 20)
    expect(compress(Buffer.alloc(100_000)).length).toBeLessThan(1300)
  })

  test('finds repetitions up to 8192 bytes back, and none beyond', () => {
    const word = Buffer.from('0123456789abcdef')
    const near = Buffer.concat([word, Buffer.alloc(8192 - word.length), word])
    const far = Buffer.concat([word, Buffer.alloc(8193 - word.length), word])
    expect(compress(far).length - compress(near).length).toBeGreaterThan(10)
    expect(decompress(compress(near), near.length)).toEqual(near)
    expect(decompress(compress(far), far.length)).toEqual(far)
  })

  test('writes only into its range, and gives 0 when that is one byte too short', () => {
    fc.assert(
      fc.property(compressible, source => {
        fc.pre(source.length > 0)
        const packed = compress(source)
        const target = Buffer.alloc(packed.length + 16, 0x5a)
        const guard = Buffer.alloc(8, 0x5a)
        expect(lzfCompress(source, 0, source.length, target, 8, 8 + packed.length - 1)).toBe(0)
        expect(target.subarray(8 + packed.length - 1).equals(Buffer.alloc(9, 0x5a))).toBe(true)
        expect(lzfCompress(source, 0, source.length, target, 8, 8 + packed.length)).toBe(packed.length)
        expect(target.subarray(8, 8 + packed.length)).toEqual(packed)
        expect(target.subarray(0, 8).equals(guard) && target.subarray(8 + packed.length).equals(guard)).toBe(true)
      }),
    )
  })

  test('gives 0 for bytes that do not compress, and for none', () => {
    const noise = randomFillSync(Buffer.alloc(20_000))
    expect(lzfCompress(noise, 0, noise.length, Buffer.alloc(noise.length), 0, noise.length - 4)).toBe(0)
    expect(lzfCompress(noise, 5, 5, Buffer.alloc(10))).toBe(0)
  })

  test('looks at no byte outside the source range', () => {
    const source = Buffer.from('abcabcabcabc|abcabcabcabc|abcabcabcabc')
    const target = Buffer.alloc(64)
    const size = lzfCompress(source, 13, 25, target)
    expect(decompress(target.subarray(0, size), 12)).toEqual(source.subarray(13, 25))
  })

  test('finds nothing of an earlier call after its positions have wrapped around', () => {
    const noise = randomFillSync(Buffer.alloc(32 << 20))
    const room = Buffer.alloc(1 << 10)
    const text = Buffer.from('abcdefgh'.repeat(20))
    // 80 x 32 MB is more than the 31 bits in which the positions of all calls are kept apart.
    for (let round = 0; round < 80; round++) {
      expect(lzfCompress(noise, 0, noise.length, room)).toBe(0)
      expect(decompress(compress(text), text.length)).toEqual(text)
    }
  })

  test.each([
    ['literals', '02616263', 'abc'],
    ['a short copy', '02616263' + '2002', 'abcabc'],
    ['a copy over itself', '0061' + '8000', 'aaaaaaa'],
    ['a long copy', '0061' + 'e00000', 'a'.repeat(10)],
    ['the longest copy', '0061' + 'e0ff00', 'a'.repeat(265)],
    ['a long copy of a period of two', '016162' + 'e05b01', 'ab'.repeat(51)],
    ['nothing', '', ''],
  ])('reads %s', (_what, packed, text) => {
    expect(decompress(Buffer.from(packed, 'hex'), text.length)?.toString()).toBe(text)
  })

  test.each([
    ['literals cut off', '0261', 3],
    ['more literals than room', '02616263', 2],
    ['fewer bytes than announced', '02616263', 4],
    ['a copy without its offset', '006120', 4],
    ['a long copy without its length', '0061e0', 20],
    ['a long copy without its offset', '0061e001', 11],
    ['a copy from before the start', '00612001', 4],
    ['a copy longer than the room', '00618000', 6],
    ['a long copy longer than the room', '0061e0ff00', 264],
  ])('refuses %s', (_what, packed, length) => {
    expect(decompress(Buffer.from(packed, 'hex'), length)).toBeNull()
  })

  test('survives hostile input', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(600), (source, length) => {
        decompress(source, length)
      }),
      { numRuns: 2000 },
    )
  })

  test('refuses or misreads, but never overruns, a packed string with one changed byte', () => {
    fc.assert(
      fc.property(compressible, fc.nat(), fc.integer({ min: 1, max: 255 }), (source, at, flip) => {
        const packed = compress(source)
        fc.pre(packed.length > 0)
        packed[at % packed.length] ^= flip
        decompress(packed, source.length)
      }),
    )
  })
})

const RDB_LZF_STRING = 0xc3

/** An RDB length in its 32-bit form. */
function rdbLength(length: number): Buffer {
  const bytes = Buffer.alloc(5, 0x80)
  bytes.writeUInt32BE(length, 1)
  return bytes
}

/** A DUMP payload of a string, its bytes compressed, in RDB version 9. */
function dumpPayload(source: Buffer): Buffer {
  const packed = compress(source)
  const head = Buffer.concat([Buffer.from([0, RDB_LZF_STRING]), rdbLength(packed.length), rdbLength(source.length)])
  const payload = Buffer.concat([head, packed, Buffer.from([9, 0]), Buffer.alloc(CRC64_LENGTH)])
  const crc = new Crc64()
  crc.update(payload, 0, payload.length - CRC64_LENGTH)
  crc.writeTo(payload, payload.length - CRC64_LENGTH)
  return payload
}

/** Reads an RDB length; gives it and the offset behind it. */
function readRdbLength(bytes: Buffer, offset: number): [number, number] {
  const kind = bytes[offset] >> 6
  if (kind === 0) return [bytes[offset], offset + 1]
  if (kind === 1) return [((bytes[offset] & 0x3f) << 8) | bytes[offset + 1], offset + 2]
  return [bytes.readUInt32BE(offset + 1), offset + 5]
}

describe('LZF with stock redis-server', requireStock('redis-server'), () => {
  const samples = [
    ...fc.sample(compressible, 100).filter(sample => sample.length > 0),
    Buffer.alloc(300_000, 'x'),
    Buffer.from(Array.from({ length: 9000 }, (_, index) => `user:${index * 7919}`).join()),
  ]

  test('it RESTOREs what was compressed here, and what it DUMPs is read here', async () => {
    const server = await startRedisServer(['--save', ''])
    const client = new Redis(server.port)
    let compressedByRedis = 0
    try {
      for (const sample of samples) {
        expect(await client.restore('key', 0, dumpPayload(sample), 'REPLACE')).toBe('OK')
        expect((await client.getBuffer('key'))?.equals(sample)).toBe(true)

        await client.set('key', sample)
        const payload = await client.dumpBuffer('key')
        if (payload[1] !== RDB_LZF_STRING) continue
        compressedByRedis++
        const [packedLength, afterPacked] = readRdbLength(payload, 2)
        const [length, start] = readRdbLength(payload, afterPacked)
        expect(decompress(payload.subarray(start, start + packedLength), length)?.equals(sample)).toBe(true)
      }
    } finally {
      client.disconnect()
      await server.stop()
    }
    expect(compressedByRedis).toBeGreaterThan(10)
  })
})
