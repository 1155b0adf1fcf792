import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PendingRequest } from '../../src/resp/pending-request.js'
import { encodeRequest, Request } from '../../src/resp/request.js'
import { COMPLETE, EMPTY, FAILED, INLINE_MAX_BYTES, RequestParser } from '../../src/resp/request-parser.js'

const LIMITS = { maxBulkBytes: 512 * 1024 * 1024 }

interface Parsed {
  /** Each request's arguments, one character a byte. */
  readonly requests: string[][]
  /** The error that ended it, or ''. */
  readonly error: string
}

/**
 * Parses what arrives in these pieces the way a connection does: from one shared buffer with old bytes behind the piece, and
 * from a buffer of the request's own as soon as one is not complete.
 */
function parsePieces(pieces: readonly Buffer[], authenticated = true): Parsed {
  const shared = Buffer.alloc(Math.max(1, ...pieces.map(piece => piece.length)) + 64, '\r\n$1*')
  const parser = new RequestParser(new Request(), LIMITS)
  const requests: string[][] = []
  let pending: PendingRequest | null = null
  const take = (request: Request): void => {
    requests.push(Array.from({ length: request.argc }, (_, i) => request.latin1(i)))
  }
  for (const piece of pieces) {
    piece.copy(shared)
    let from = 0
    while (pending !== null && from < piece.length) {
      const until = Math.min(piece.length, from + pending.parser.bytesToFeed(pending.length))
      pending.append(shared, from, until)
      const result: number = pending.parser.parse(pending.buffer, pending.length, authenticated)
      from = until
      if (result === FAILED) return { requests, error: pending.parser.error }
      if (result !== COMPLETE && result !== EMPTY) continue
      if (result === COMPLETE) take(pending.parser.request)
      from -= pending.length - pending.parser.at
      pending = null
    }
    if (pending !== null) continue
    parser.at = from
    while (parser.at < piece.length) {
      const result = parser.parse(shared, piece.length, authenticated)
      if (result === COMPLETE) take(parser.request)
      else if (result === FAILED) return { requests, error: parser.error }
      else if (result !== EMPTY) {
        pending = new PendingRequest(LIMITS)
        pending.begin(parser, piece.length)
        break
      }
    }
  }
  return { requests, error: '' }
}

function parse(text: string, authenticated = true): Parsed {
  return parsePieces([Buffer.from(text, 'latin1')], authenticated)
}

function cut(bytes: Buffer, points: readonly number[]): Buffer[] {
  const sorted = [...new Set(points.map(point => point % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...sorted].map((start, i) => bytes.subarray(start, sorted[i] ?? bytes.length))
}

const argument = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom('', '\r\n', '$3\r\n', '*1\r\n', '"', ' ').map(text => new Uint8Array(Buffer.from(text))),
  fc.uint8Array({ minLength: 900, maxLength: 3000 }),
)
const request = fc.array(argument, { minLength: 1, maxLength: 14 })
const points = fc.array(fc.nat(), { maxLength: 12 })

const word = fc.string({ unit: fc.constantFrom('a', 'B', '1', '-', '$', '*', ':'), minLength: 1, maxLength: 8 })
const inlineLine = fc
  .tuple(fc.array(word, { maxLength: 5 }), fc.constantFrom('\n', '\r\n'))
  .map(([words, end]) => ({ bytes: Buffer.from(`${words.join(' ')}${end}`, 'latin1'), words }))
  .filter(({ words }) => !words[0]?.startsWith('*'))

describe('requests', () => {
  test('are the same however the pipeline is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(request, inlineLine), { maxLength: 8 }), points, (sent, at) => {
        const bytes = Buffer.concat(sent.map(each => ('words' in each ? each.bytes : encodeRequest(...each))))
        const expected = sent
          .map(each => ('words' in each ? each.words : each.map(arg => Buffer.from(arg).toString('latin1'))))
          .filter(words => words.length > 0)
        expect(parsePieces(cut(bytes, at))).toEqual({ requests: expected, error: '' })
      }),
      { numRuns: 400 },
    )
  })

  test('may arrive a byte at a time', () => {
    const bytes = Buffer.concat([
      encodeRequest('SET', 'k', 'v'.repeat(300)),
      Buffer.from('PING\r\n'),
      encodeRequest('GET', 'k'),
    ])
    const pieces = [...bytes].map(byte => Buffer.of(byte))
    expect(parsePieces(pieces).requests).toEqual([['SET', 'k', 'v'.repeat(300)], ['PING'], ['GET', 'k']])
  })

  test('know where they lie on the wire', () => {
    const parser = new RequestParser(new Request(), LIMITS)
    const bytes = Buffer.concat([encodeRequest('PING'), encodeRequest('GET', 'key')])
    parser.at = encodeRequest('PING').length
    expect(parser.parse(bytes, bytes.length, true)).toBe(COMPLETE)
    expect(bytes.subarray(parser.request.wireStart, parser.request.wireEnd)).toEqual(encodeRequest('GET', 'key'))
  })

  test('may have a million arguments', () => {
    const args = Array.from({ length: 1_000_000 }, (_, i) => `$1\r\n${i % 10}\r\n`)
    const bytes = Buffer.from(`*1000000\r\n${args.join('')}`, 'latin1')
    const pieces = Array.from({ length: Math.ceil(bytes.length / 65536) }, (_, i) =>
      bytes.subarray(i * 65536, (i + 1) * 65536),
    )
    const { requests } = parsePieces(pieces)
    expect(requests.length).toBe(1)
    expect(requests[0].length).toBe(1_000_000)
    expect(requests[0][999_999]).toBe('9')
  })

  test('get a buffer of just their size when a value is big, so that the store can keep it', () => {
    const value = Buffer.alloc(100_000, 'x')
    const bytes = encodeRequest('SET', 'key', value)
    const parser = new RequestParser(new Request(), LIMITS)
    parser.parse(bytes, 60_000, true)
    const pending = new PendingRequest(LIMITS)
    pending.begin(parser, 60_000)
    expect(pending.buffer.length).toBe(bytes.length)
  })

  test('that are empty are skipped', () => {
    expect(parse('\r\n*0\r\n*-1\r\n  \n*-9223372036854775808\r\nPING\r\n')).toEqual({ requests: [['PING']], error: '' })
  })

  test('in the inline form may quote', () => {
    expect(parse('set "a b" \'c\\\'d\' "\\x41\\n"\r\n').requests).toEqual([['set', 'a b', "c'd", 'A\n']])
  })
})

describe('malformed requests', () => {
  test.each([
    ['*x\r\n', 'invalid multibulk length'],
    ['*\r\n', 'invalid multibulk length'],
    ['*1x\r\n', 'invalid multibulk length'],
    ['*01\r\n', 'invalid multibulk length'],
    ['*+1\r\n', 'invalid multibulk length'],
    ['* 1\r\n', 'invalid multibulk length'],
    ['*-0\r\n', 'invalid multibulk length'],
    ['*2147483648\r\n', 'invalid multibulk length'],
    ['*-9223372036854775809\r\n', 'invalid multibulk length'],
    ['*99999999999999999999999999\r\n', 'invalid multibulk length'],
    ['*1\r\n$x\r\n', 'invalid bulk length'],
    ['*1\r\n$\r\n', 'invalid bulk length'],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$04\r\nPING\r\n', 'invalid bulk length'],
    ['*1\r\n$4a\r\nPING\r\n', 'invalid bulk length'],
    ['*1\r\n$536870913\r\n', 'invalid bulk length'],
    ['*1\r\n$99999999999999999999\r\n', 'invalid bulk length'],
    ['*1\r\n:4\r\n', "expected '$', got ':'"],
    ['*2\r\n$4\r\nPING\r\nPING\r\n', "expected '$', got 'P'"],
    ['PING "x\r\n', 'unbalanced quotes in request'],
    ['PING "x"y\r\n', 'unbalanced quotes in request'],
  ])('%j is refused', (text, error) => {
    expect(parse(text)).toMatchObject({ requests: [], error })
    expect(parsePieces([...Buffer.from(text, 'latin1')].map(byte => Buffer.of(byte))).error).toBe(error)
  })

  test('are not refused before the line is there, which Redis waits for', () => {
    expect(parse('*1\r\nXXXX')).toEqual({ requests: [], error: '' })
  })

  test('with a zero byte ahead of the end of a line never end', () => {
    for (const text of ['PING\0\r\nPING\r\n', '*1\0\r\n$1\r\na\r\n', '*1\r\n$1\0\r\na\r\n', '*1\r\n\0\r\n']) {
      const pieces = [...`*1\r\n$1\r\nx\r\n${text}`].map(byte => Buffer.from(byte, 'latin1'))
      for (const parsed of [parsePieces([Buffer.concat(pieces)]), parsePieces(pieces)]) {
        expect(parsed).toEqual({ requests: [['x']], error: '' })
      }
      expect(parse(text + 'y'.repeat(INLINE_MAX_BYTES)).error).toMatch(/^too big (inline|mbulk count|bulk count)/)
    }
    expect(parse('*1\r\n$3\r\na\0b\r\n').requests).toEqual([['a\0b']])
  })

  test('with a line of more than 64 KB are refused', () => {
    const long = 'x'.repeat(INLINE_MAX_BYTES + 1)
    expect(parse(long).error).toBe('too big inline request')
    expect(parse(`*${long}`).error).toBe('too big mbulk count string')
    expect(parse(`*1\r\n$${long}`).error).toBe('too big bulk count string')
  })

  test('of clients that have not authenticated are small', () => {
    expect(parse('*10\r\n', false).error).toBe('')
    expect(parse('*11\r\n', false).error).toBe('unauthenticated multibulk length')
    expect(parse('*1\r\n$16384\r\n', false).error).toBe('')
    expect(parse('*1\r\n$16385\r\n', false).error).toBe('unauthenticated bulk length')
  })

  test('never throw, and are the same however they are cut', () => {
    const hostile = fc
      .array(
        fc.oneof(
          fc.constantFrom('*', '$', '\r', '\n', '\r\n', '-', '"', "'", '\\x', ' ', '\0', ':', '1', '*1\r\n$1\r\na\r\n'),
          fc.nat(20).map(String),
          fc.uint8Array({ maxLength: 4 }).map(bytes => Buffer.from(bytes).toString('latin1')),
        ),
        { maxLength: 40 },
      )
      .map(parts => Buffer.from(parts.join(''), 'latin1'))
    fc.assert(
      fc.property(hostile, points, (bytes, at) => {
        expect(parsePieces(cut(bytes, at))).toEqual(parsePieces([bytes]))
      }),
      { numRuns: 1500 },
    )
  })
})
