import { expect, test } from 'vitest'
import { bulks, CHUNK_BYTES, RequestOutput } from '../../src/resp/request-output.js'

class Chunks {
  readonly taken: Buffer[] = []
  readonly spares: Buffer[] = []

  write(chunk: Buffer): void {
    this.taken.push(Buffer.from(chunk))
    // Whoever takes a chunk may do with it what he likes.
    chunk.fill('#')
  }

  spare(): Buffer | null {
    return this.spares.pop() ?? null
  }

  get text(): string {
    return Buffer.concat(this.taken).toString('latin1')
  }
}

test('requests are arrays of bulk strings', () => {
  const chunks = new Chunks()
  const out = new RequestOutput(chunks)
  out.begin(4)
  out.raw(bulks('SET'))
  out.bulk(Buffer.from('a key of which a part is meant'), 2, 5)
  out.bulkInteger(-9_007_199_254_740_991)
  out.bulkKept(Buffer.from('\x00\r\n'), 0, 3)
  expect(chunks.taken).toEqual([])
  out.flush()
  expect(chunks.text).toBe('*4\r\n$3\r\nSET\r\n$3\r\nkey\r\n$17\r\n-9007199254740991\r\n$3\r\n\x00\r\n\r\n')
})

test('chunks are cut where they are full', () => {
  const chunks = new Chunks()
  const out = new RequestOutput(chunks)
  const value = Buffer.alloc(1000, 'v')
  for (let i = 0; i < 500; i++) out.bulk(value, 0, value.length)
  out.bulk(Buffer.alloc(200_000, 'l'), 0, 200_000)
  out.flush()
  expect(chunks.text).toBe(`${`$1000\r\n${'v'.repeat(1000)}\r\n`.repeat(500)}$200000\r\n${'l'.repeat(200_000)}\r\n`)
  const lengths = chunks.taken.slice(0, -1).map(({ length }) => length)
  expect(Math.min(...lengths)).toBeGreaterThan(CHUNK_BYTES - 100)
  expect(Math.max(...lengths)).toBe(CHUNK_BYTES)
})

test('a long string that stays where it is goes out bit by bit, before what comes behind it', () => {
  const chunks = new Chunks()
  const out = new RequestOutput(chunks)
  const length = 3 * CHUNK_BYTES + 5
  out.begin(2)
  out.bulkKept(Buffer.alloc(length + 2, 'l'), 1, length + 1)
  out.bulk(Buffer.from('behind'), 0, 6)
  expect(out.isBusy).toBe(true)
  expect(chunks.text).toBe(`*2\r\n$${length}\r\n`)
  for (let pieces = 0; out.isBusy; pieces++) {
    expect(chunks.taken).toHaveLength(1 + pieces)
    out.work()
  }
  out.flush()
  expect(chunks.text).toBe(`*2\r\n$${length}\r\n${'l'.repeat(length)}\r\n$6\r\nbehind\r\n`)
})

test('goes on in memory that it is given, if that holds a chunk', () => {
  const chunks = new Chunks()
  const spare = Buffer.alloc(2 * CHUNK_BYTES)
  chunks.spares.push(Buffer.alloc(1000), spare)
  const out = new RequestOutput(chunks)
  const value = Buffer.alloc(CHUNK_BYTES, 'v')
  out.bulk(value, 0, value.length)
  out.bulk(value, 0, value.length)
  expect(chunks.spares).toHaveLength(0)
  expect(spare.toString('latin1', CHUNK_BYTES - 1, CHUNK_BYTES + 1)).toBe('#\x00')
  out.flush()
  expect(chunks.text).toBe(`$${CHUNK_BYTES}\r\n${value.toString()}\r\n`.repeat(2))
})
