import fc from 'fast-check'
import RedisParser from 'redis-parser'
import { describe, expect, test } from 'vitest'
import { ReplyWriter } from '../../src/resp/reply-writer.js'

/** Reads replies as a RESP2 client does. */
function read(bytes: Buffer): unknown[] {
  const replies: unknown[] = []
  const options = {
    returnBuffers: true,
    returnReply: (reply: unknown) => replies.push(reply),
    returnError: (error: Error) => replies.push(error),
    returnFatalError: (error: Error) => {
      throw error
    },
  }
  const parser = new RedisParser(options)
  parser.execute(bytes)
  return replies
}

function written(write: (writer: ReplyWriter) => void, resp = 2): string {
  const writer = new ReplyWriter()
  writer.resp = resp
  write(writer)
  return Buffer.concat(writer.takeChunks()).toString('latin1')
}

type Value = null | number | Buffer | Value[]

function write(writer: ReplyWriter, value: Value): void {
  if (value === null) writer.null()
  else if (typeof value === 'number') writer.integer(value)
  else if (Buffer.isBuffer(value)) {
    if (value.length % 2 === 0) writer.bulk(Buffer.concat([Buffer.from('<<'), value]), 2, value.length + 2)
    else writer.bulkReference(value)
  } else {
    writer.array(value.length)
    for (const element of value) write(writer, element)
  }
}

const { value: anyValue } = fc.letrec<{ value: Value }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.maxSafeInteger(),
    fc.uint8Array({ maxLength: 100 }).map(bytes => Buffer.from(bytes)),
    fc.tuple(fc.nat(200_000), fc.nat(255)).map(([length, byte]) => Buffer.alloc(length, byte)),
    fc.array(tie('value'), { maxLength: 6 }),
  ),
}))

describe('RESP2', () => {
  test('reads back as it was written, whatever the sizes', () => {
    const writer = new ReplyWriter()
    fc.assert(
      fc.property(fc.array(anyValue, { minLength: 1, maxLength: 12 }), values => {
        for (const value of values) write(writer, value)
        const { totalBytes } = writer
        const bytes = Buffer.concat(writer.takeChunks())
        expect(bytes.length).toBe(totalBytes)
        expect(writer.isEmpty).toBe(true)
        // Compared as wholes: a matcher that walks megabytes of Buffer takes its time.
        expect(JSON.stringify(read(bytes))).toBe(JSON.stringify(values))
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    [0, ':0\r\n'],
    [9, ':9\r\n'],
    [-1, ':-1\r\n'],
    [2147483648, ':2147483648\r\n'],
    [Number.MAX_SAFE_INTEGER, ':9007199254740991\r\n'],
    [Number.MIN_SAFE_INTEGER, ':-9007199254740991\r\n'],
  ])('integer %d', (value, text) => {
    expect(written(writer => writer.integer(value))).toBe(text)
  })

  test('keeps errors on one line and counts them', () => {
    const writer = new ReplyWriter()
    writer.error('ERR bad\r\nthing')
    expect(writer.errors).toBe(1)
    expect(writer.lastError).toBe('ERR bad\r\nthing')
    expect(Buffer.concat(writer.takeChunks()).toString()).toBe('-ERR bad  thing\r\n')
  })

  test('has plain forms for what only RESP3 has', () => {
    const all = (writer: ReplyWriter): void => {
      writer.map(2)
      writer.set(3)
      writer.push(1)
      writer.boolean(true)
      writer.double(0.5)
      writer.bigNumber('12345678901234567890')
      writer.verbatim('text')
      writer.null()
      writer.nullArray()
    }
    expect(written(all)).toBe(
      '*4\r\n*3\r\n*1\r\n:1\r\n$3\r\n0.5\r\n$20\r\n12345678901234567890\r\n$4\r\ntext\r\n$-1\r\n*-1\r\n',
    )
    expect(written(all, 3)).toBe(
      '%2\r\n~3\r\n>1\r\n#t\r\n,0.5\r\n(12345678901234567890\r\n=8\r\ntxt:text\r\n_\r\n_\r\n',
    )
  })
})

describe('the buffer', () => {
  test('takes more than 64 KB, in order, across small and large replies', () => {
    const writer = new ReplyWriter()
    const expected: string[] = []
    for (let i = 0; i < 30_000; i++) {
      writer.integer(i)
      expected.push(`:${i}\r\n`)
      if (i % 1000 === 0) {
        writer.bulkReference(Buffer.alloc(5000, i % 251))
        expected.push(`$5000\r\n${String.fromCharCode(i % 251).repeat(5000)}\r\n`)
      }
      if (i % 777 === 0) {
        writer.raw('+'.repeat(70_000))
        expected.push('+'.repeat(70_000))
      }
    }
    expect(Buffer.concat(writer.takeChunks()).toString('latin1') === expected.join('')).toBe(true)
  })

  test.each([65_534, 65_535, 65_536, 65_537].flatMap(size => [0, 1, 2, 3, 40].map(gap => [size, gap])))(
    'filled up to %d less %d bytes still takes every kind of reply',
    (size, gap) => {
      const writer = new ReplyWriter()
      const head = '.'.repeat(size - gap - 60_000)
      writer.raw('.'.repeat(60_000))
      writer.raw(head)
      writer.ok()
      writer.integer(-123456789)
      writer.bulk(Buffer.from('xyz'), 0, 3)
      writer.simple('QUEUED')
      writer.null()
      const text = Buffer.concat(writer.takeChunks()).toString('latin1')
      expect(text.slice(size - gap)).toBe('+OK\r\n:-123456789\r\n$3\r\nxyz\r\n+QUEUED\r\n$-1\r\n')
    },
  )

  test('gives out chunks that later replies do not overwrite', () => {
    const writer = new ReplyWriter()
    writer.simple('first')
    const chunks = writer.takeChunks()
    writer.simple('other')
    expect(Buffer.concat(chunks).toString()).toBe('+first\r\n')
  })

  test('copies what may change, and refers to what may not', () => {
    const value = Buffer.alloc(100_000, 'a')
    const writer = new ReplyWriter()
    writer.bulk(value, 0, value.length)
    writer.bulkReference(value)
    const chunks = writer.takeChunks()
    expect(chunks.filter(chunk => chunk.buffer === value.buffer).length).toBe(1)
    value.fill('b')
    const bytes = Buffer.concat(chunks)
    expect(bytes.indexOf('b')).toBe('$100000\r\n'.length + 100_000 + 2 + '$100000\r\n'.length)
  })

  test('is empty after clear(), even with chunks', () => {
    const writer = new ReplyWriter()
    writer.bulkReference(Buffer.alloc(10_000))
    writer.clear()
    expect(writer.isEmpty).toBe(true)
    expect(writer.takeChunks()).toEqual([])
  })
})

describe('a double', () => {
  test.each([
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    [Number.NaN, 'nan'],
    [-0, '-0'],
    [7, '7'],
    [-0.25, '-0.25'],
    [1.5e300, '1.5e+300'],
    [-246412717226174950000000, '-246412717226174950000000'],
  ])('%d is %s', (value, text) => {
    expect(written(writer => writer.double(value))).toBe(`$${text.length}\r\n${text}\r\n`)
    expect(written(writer => writer.double(value), 3)).toBe(`,${text}\r\n`)
    const bytes = Buffer.from(`<${text}>`)
    for (const resp of [2, 3]) {
      const ofBytes = written(writer => writer.doubleBytes(bytes, 1, 1 + text.length), resp)
      expect(ofBytes).toBe(written(writer => writer.double(value), resp))
    }
  })

  test('fits wherever the buffer ends', () => {
    const many = (writer: ReplyWriter): void => {
      for (let i = 0; i < 10_000; i++) writer.double(-1.2345678901234568e-300 / (i + 1))
    }
    expect(written(many).split('\r\n')).toHaveLength(20_001)
    expect(written(many, 3).split('\r\n')).toHaveLength(10_001)
  })
})
