import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Crc64 } from '../../../src/bytes/crc64.js'
import { lpBytes, lpFind, lpFirst, lpHeaderCount, lpLength, lpNext } from '../../../src/store/listpack/listpack.js'
import {
  lpDeleteInto,
  lpEmpty,
  lpInsertInto,
  lpInsertPairInto,
  lpReplaceInto,
} from '../../../src/store/listpack/listpack-edit.js'
import { lpValidate } from '../../../src/store/listpack/listpack-validate.js'
import { type RunningServer, requireStock, startRedisServer } from '../../interop/stock.js'

// Types of values in an RDB file, and its version (the footer of a DUMP payload).
const HASH_LISTPACK = 16
const LIST_QUICKLIST_2 = 18
const PACKED_NODE = 2
const RDB_VERSION = 10

/** The listpack in a DUMP payload of a hash, or of a list with one node. Strings there are not compressed. */
function listpackOf(payload: Buffer): Buffer {
  let at = 1
  if (payload[0] === LIST_QUICKLIST_2) {
    expect([payload[1], payload[2]]).toEqual([1, PACKED_NODE])
    at = 3
  } else {
    expect(payload[0]).toBe(HASH_LISTPACK)
  }
  const first = payload[at++]
  let length = first & 0x3f
  if (first >> 6 === 1) {
    length = (length << 8) | payload[at++]
  } else if (first >> 6 === 2) {
    length = payload.readUInt32BE(at)
    at += 4
  }
  expect(payload.length).toBe(at + length + 10)
  return payload.subarray(at, at + length)
}

function dumpPayload(type: number, listpack: Buffer): Buffer {
  const head =
    type === LIST_QUICKLIST_2 ? Buffer.of(type, 1, PACKED_NODE, 0x80, 0, 0, 0, 0) : Buffer.of(type, 0x80, 0, 0, 0, 0)
  head.writeUInt32BE(listpack.length, head.length - 4)
  const payload = Buffer.concat([head, listpack, Buffer.of(RDB_VERSION, 0), Buffer.alloc(8)])
  const crc = new Crc64()
  crc.update(payload, 0, payload.length - 8)
  crc.writeTo(payload, payload.length - 8)
  return payload
}

/** A listpack in a slab with room for every edit of these tests. */
class Listpack {
  readonly slab: Buffer
  readonly start = 3

  constructor(capacity = 1 << 18) {
    this.slab = Buffer.alloc(capacity)
    lpEmpty(this.slab, this.start)
  }

  bytes(): Buffer {
    return this.slab.subarray(this.start, this.start + lpBytes(this.slab, this.start))
  }

  field(field: Buffer): number {
    return lpFind(this.slab, this.start, lpFirst(this.slab, this.start), field, 0, field.length, 1)
  }

  hset(field: Buffer, value: Buffer): void {
    const { slab, start } = this
    const pos = this.field(field)
    if (pos < 0) {
      lpInsertPairInto(slab, start, slab, start, -1, field, 0, field.length, value, 0, value.length)
    } else {
      lpReplaceInto(slab, start, slab, start, lpNext(slab, start, pos), value, 0, value.length)
    }
  }

  hdel(field: Buffer): void {
    const pos = this.field(field)
    if (pos >= 0) lpDeleteInto(this.slab, this.start, this.slab, this.start, pos, 2)
  }

  push(pos: number, value: Buffer): void {
    lpInsertInto(this.slab, this.start, this.slab, this.start, pos, value, 0, value.length)
  }
}

const LENGTHS = [0, 1, 20, 21, 62, 63, 64, 125, 126, 127, 4094, 4095, 4096, 16377, 16378, 16379, 16380]
const integers = fc.oneof(
  fc
    .constantFrom(7, 12, 15, 23, 31, 63)
    .chain(bits =>
      fc
        .tuple(fc.integer({ min: -2, max: 2 }), fc.constantFrom(1n, -1n))
        .map(([off, sign]) => sign * (1n << BigInt(bits)) + BigInt(off)),
    ),
  fc.bigInt({ min: -(1n << 64n), max: 1n << 64n }),
)
const value = fc.oneof(
  integers.map(number => Buffer.from(String(number))),
  fc.constantFrom('', '0', '-0', '007', '+1', '1.5', 'a').map(text => Buffer.from(text)),
  fc.constantFrom(...LENGTHS).map(length => Buffer.alloc(length, 'v')),
  fc.uint8Array({ maxLength: 30 }).map(bytes => Buffer.from(bytes)),
)
const field = fc.oneof(
  fc.integer({ min: -5, max: 5 }).map(number => Buffer.from(String(number))),
  value,
)

describe('the same bytes as stock redis-server', requireStock('redis-server'), () => {
  let server: RunningServer
  let redis: Redis

  beforeAll(async () => {
    server = await startRedisServer(['--save', '', '--rdbcompression', 'no', '--sanitize-dump-payload', 'yes'], {
      config: 'hash-max-listpack-entries 1000000\nhash-max-listpack-value 1000000\nlist-max-listpack-size -5\n',
    })
    redis = new Redis(server.port)
  })

  afterAll(async () => {
    redis?.disconnect()
    await server?.stop()
  })

  const dump = async (key: string) => listpackOf((await redis.dumpBuffer(key)) ?? Buffer.alloc(0))

  test('a hash after any HSET and HDEL', async () => {
    const edits = fc.array(fc.record({ field, value, remove: fc.nat(3).map(chance => chance === 0) }), {
      maxLength: 25,
    })
    let run = 0
    await fc.assert(
      fc.asyncProperty(edits, async all => {
        const key = `hash:${run++}`
        const mine = new Listpack()
        const pipeline = redis.pipeline()
        for (const edit of [{ field: Buffer.from('stays'), value: Buffer.from('1'), remove: false }, ...all]) {
          if (edit.remove) {
            pipeline.hdel(key, edit.field)
            mine.hdel(edit.field)
          } else {
            pipeline.hset(key, edit.field, edit.value)
            mine.hset(edit.field, edit.value)
          }
        }
        await pipeline.exec()
        expect((await dump(key)).equals(mine.bytes())).toBe(true)
        await redis.unlink(key)
      }),
      { numRuns: 100 },
    )
  })

  test('a list after any RPUSH and LPUSH', async () => {
    const pushes = fc.array(fc.tuple(value, fc.boolean()), { minLength: 1, maxLength: 3 })
    let run = 0
    await fc.assert(
      fc.asyncProperty(pushes, async all => {
        const key = `list:${run++}`
        const mine = new Listpack()
        for (const [bytes, left] of all) {
          await (left ? redis.lpush(key, bytes) : redis.rpush(key, bytes))
          mine.push(left ? lpFirst(mine.slab, mine.start) : -1, bytes)
        }
        expect((await dump(key)).equals(mine.bytes())).toBe(true)
        await redis.unlink(key)
      }),
      { numRuns: 100 },
    )
  })

  test('a hash around 65535 elements, where the count in the header is given up', async () => {
    const mine = new Listpack(1 << 20)
    for (let i = 0; i < 32766; i++) {
      const name = Buffer.from(`f${i}`)
      lpInsertPairInto(mine.slab, mine.start, mine.slab, mine.start, -1, name, 0, name.length, name, 0, 0)
    }
    await redis.restore('many', 0, dumpPayload(HASH_LISTPACK, mine.bytes()))
    expect(await redis.object('ENCODING', 'many')).toBe('listpack')
    const same = async () => expect((await dump('many')).equals(mine.bytes())).toBe(true)
    await same()
    for (const name of ['a', '1', '-70000']) {
      await redis.hset('many', name, '5')
      mine.hset(Buffer.from(name), Buffer.from('5'))
      await same()
    }
    expect(lpHeaderCount(mine.slab, mine.start)).toBe(65535)
    expect(await redis.hlen('many')).toBe(lpLength(mine.slab, mine.start) / 2)

    for (const name of ['f0', 'f32765', 'f7', '1']) {
      await redis.hdel('many', name)
      mine.hdel(Buffer.from(name))
    }
    // HDEL has asked for the length, to see whether the hash is empty now; with that the count came back.
    expect(await redis.hlen('many')).toBe(lpLength(mine.slab, mine.start) / 2)
    expect(lpHeaderCount(mine.slab, mine.start)).toBe(65530)
    await same()
  })

  test('lpValidate and RESTORE agree on damaged listpacks', async () => {
    const sound = new Listpack()
    for (const text of [
      'a',
      '1',
      'x'.repeat(63),
      '-4096',
      'y'.repeat(64),
      '30000',
      '',
      '8000000',
      '2147483647',
      '9223372036854775807',
    ]) {
      sound.push(-1, Buffer.from(text))
    }
    const flips = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0, 0xff))), {
      minLength: 1,
      maxLength: 3,
    })
    const verdicts = { sound: 0, damaged: 0 }
    await fc.assert(
      fc.asyncProperty(flips, async edits => {
        const listpack = Buffer.from(sound.bytes())
        for (const [at, byte] of edits) listpack[at % listpack.length] = byte
        const answer = await redis
          .restore('damaged', 0, dumpPayload(LIST_QUICKLIST_2, listpack), 'REPLACE')
          .catch((error: Error) => error.message)
        const isSound = lpValidate(listpack, 0, listpack.length, true)
        expect(answer).toBe(isSound ? 'OK' : 'ERR Bad data format')
        verdicts[isSound ? 'sound' : 'damaged']++
      }),
      { numRuns: 500 },
    )
    expect(verdicts.sound).toBeGreaterThan(10)
    expect(verdicts.damaged).toBeGreaterThan(10)
  })
})
