import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Murmur64 } from '../../src/bytes/murmur64.js'

const M = 0xc6a4a7935bd1e995n
const wrap = (x: bigint): bigint => BigInt.asUintN(64, x)

/** The definition, with numbers of 64 bits. */
function reference(bytes: Buffer, seed: bigint): bigint {
  let h = seed ^ wrap(BigInt(bytes.length) * M)
  const blocks = bytes.length - (bytes.length % 8)
  for (let at = 0; at < blocks; at += 8) {
    let k = wrap(bytes.readBigUInt64LE(at) * M)
    k = wrap((k ^ (k >> 47n)) * M)
    h = wrap((h ^ k) * M)
  }
  if (blocks < bytes.length) {
    const tail = Buffer.alloc(8)
    bytes.copy(tail, 0, blocks)
    h = wrap((h ^ tail.readBigUInt64LE(0)) * M)
  }
  h = wrap((h ^ (h >> 47n)) * M)
  return h ^ (h >> 47n)
}

test('hashes as the definition says', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(7),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (content, before, seed) => {
        const bytes = Buffer.concat([Buffer.alloc(before, 0xff), content, Buffer.alloc(3, 0xff)])
        const hash = new Murmur64(seed)
        hash.update(bytes, before, before + content.length)
        const halves = [hash.low >>> 0, hash.high >>> 0]
        const expected = reference(Buffer.from(content), BigInt(seed))
        expect(halves).toEqual([Number(expected & 0xffffffffn), Number(expected >> 32n)])
      },
    ),
    { numRuns: 2000 },
  )
})
