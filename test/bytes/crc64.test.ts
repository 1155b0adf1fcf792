import fc from 'fast-check'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { CRC64_LENGTH, Crc64, isZeroCrc64 } from '../../src/bytes/crc64.js'
import { requireStock, startRedisServer } from '../interop/stock.js'

/** The definition, bit by bit. */
function bitwiseCrc64(bytes: Uint8Array): bigint {
  let crc = 0n
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n
  }
  return crc
}

function crc64(bytes: Uint8Array): Crc64 {
  const crc = new Crc64()
  crc.update(bytes, 0, bytes.length)
  return crc
}

/** Bytes that are not the same at any two alignments. */
function sequence(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let index = 0; index < length; index++) bytes[index] = Math.imul(index + 1, 0x9e3779b1) >>> 24
  return bytes
}

describe('CRC-64', () => {
  test('gives the published check value', () => {
    expect(crc64(Buffer.from('123456789')).toString()).toBe('e9c6d914c4b8d9ca')
  })

  test('equals the bitwise definition at any alignment and length', () => {
    // The first byte of a view need not be aligned either.
    const bytes = sequence(3001).subarray(1)
    const range = fc.tuple(fc.nat(40), fc.oneof(fc.nat(40), fc.integer({ min: 1000, max: 1100 }), fc.nat(2900)))
    fc.assert(
      fc.property(range, ([start, length]) => {
        const crc = new Crc64()
        crc.update(bytes, start, start + length)
        expect(BigInt(`0x${crc}`)).toBe(bitwiseCrc64(bytes.subarray(start, start + length)))
      }),
    )
  })

  test('does not depend on how the bytes are cut into updates', () => {
    const bytes = sequence(5000)
    const whole = crc64(bytes).toString()
    fc.assert(
      fc.property(fc.array(fc.nat(5000), { maxLength: 8 }), cuts => {
        const crc = new Crc64()
        let from = 0
        for (const cut of [...cuts.sort((a, b) => a - b), 5000]) {
          crc.update(bytes, from, cut)
          from = cut
        }
        expect(crc.toString()).toBe(whole)
      }),
    )
  })

  test('is stored as 8 little-endian bytes and recognised there, and nowhere else', () => {
    const crc = crc64(Buffer.from('123456789'))
    const target = Buffer.alloc(12, 0xaa)
    crc.writeTo(target, 2)
    expect(target.toString('hex')).toBe('aaaacad9b8c414d9c6e9aaaa')
    expect(crc.matches(target, 2)).toBe(true)
    for (let index = 2; index < 2 + CRC64_LENGTH; index++) {
      target[index] ^= 1
      expect(crc.matches(target, 2)).toBe(false)
      target[index] ^= 1
    }
  })

  test('is zero for no bytes and after a reset', () => {
    const crc = crc64(Buffer.from('abc'))
    expect(crc.isZero()).toBe(false)
    crc.reset()
    expect(crc.isZero()).toBe(true)
    expect(crc.toString()).toBe('0000000000000000')
  })

  test('a stored zero is told from any other checksum', () => {
    const stored = Buffer.alloc(10)
    expect(isZeroCrc64(stored, 1)).toBe(true)
    for (let index = 1; index < 9; index++) {
      stored.fill(0)[index] = 0x80
      expect(isZeroCrc64(stored, 1)).toBe(false)
    }
  })
})

describe('CRC-64 against stock redis-server', requireStock('redis-server'), () => {
  test('matches the footer of DUMP payloads', async () => {
    const server = await startRedisServer(['--save', ''])
    const client = new Redis(server.port)
    try {
      for (const length of [0, 1, 7, 8, 9, 1000, 100_000]) {
        await client.set('key', sequence(length))
        const payload = await client.dumpBuffer('key')
        const crc = new Crc64()
        crc.update(payload, 0, payload.length - CRC64_LENGTH)
        expect(crc.matches(payload, payload.length - CRC64_LENGTH)).toBe(true)
      }
    } finally {
      client.disconnect()
      await server.stop()
    }
  })
})
