import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppendBuffer } from '../../../src/persistence/aof/append-buffer.js'
import { encodeRequest, requestFromArguments } from '../../../src/resp/request.js'
import { HeldBuffers } from '../../../src/store/held-buffers.js'

const SELECT = (database: number): string => encodeRequest('SELECT', String(database)).toString('latin1')

/** Takes all that is left, a piece at a time. */
function drain(buffer: AppendBuffer): string {
  let text = ''
  while (buffer.length > 0) {
    const bytes = buffer.next()
    text += bytes.toString('latin1')
    buffer.consume(bytes.length)
  }
  return text
}

describe('commands on their way into the file', () => {
  test('begin with a SELECT, and have another where the database changes', () => {
    const buffer = new AppendBuffer(new HeldBuffers())
    const incr = requestFromArguments([Buffer.from('INCR'), Buffer.from('a')])
    buffer.request(0, incr)
    buffer.request(0, incr)
    buffer.bytes(-1, Buffer.from('*1\r\n$5\r\nMULTI\r\n'), 0, 15)
    buffer.request(9, incr)
    const text = encodeRequest('INCR', 'a').toString('latin1')
    expect(drain(buffer)).toBe(`${SELECT(0)}${text}${text}*1\r\n$5\r\nMULTI\r\n${SELECT(9)}${text}`)
  })

  test('begin anew with a file', () => {
    const buffer = new AppendBuffer(new HeldBuffers())
    buffer.bytes(3, Buffer.from('x'), 0, 1)
    drain(buffer)
    buffer.beginFile()
    buffer.bytes(3, Buffer.from('x'), 0, 1)
    expect(drain(buffer)).toBe(`${SELECT(3)}x`)
  })

  test('say the time of each second once', () => {
    const buffer = new AppendBuffer(new HeldBuffers())
    let seconds = 1_700_000_000
    buffer.secondsNow = () => seconds
    for (const time of [0, 0, 1, 1]) {
      seconds = 1_700_000_000 + time
      buffer.bytes(-1, Buffer.from('x'), 0, 1)
    }
    expect(drain(buffer)).toBe('#TS:1700000000\r\nxx#TS:1700000001\r\nxx')
  })

  test('keep what a large value was when it was written, though the value changes', () => {
    const held = new HeldBuffers()
    const buffer = new AppendBuffer(held)
    const value = Buffer.alloc(1 << 20, 'a')
    buffer.bytes(-1, value, 0, value.length)
    held.beforeWrite(value, 500_000, 500_010)
    value.fill('b', 500_000, 500_010)
    expect(drain(buffer)).toBe('a'.repeat(1 << 20))
    expect(held.active).toBe(false)
  })

  test('are all there when little is left of a large value', () => {
    const buffer = new AppendBuffer(new HeldBuffers())
    const value = Buffer.from(Array.from({ length: 400_000 }, (_, i) => i % 251))
    buffer.bytes(-1, value, 0, value.length)
    buffer.bytes(-1, Buffer.from('behind'), 0, 6)
    const { length } = buffer.next()
    buffer.consume(length)
    expect(Buffer.concat(buffer.all())).toEqual(Buffer.concat([value.subarray(length), Buffer.from('behind')]))
    buffer.consumeAll()
    expect(buffer.length).toBe(0)
  })

  test('come out as they went in, however they are lent, cut and taken', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('lend' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
      fc.record({ kind: fc.constant('append' as const), length: fc.nat({ max: 100_000 }) }),
      fc.record({ kind: fc.constant('take' as const), most: fc.nat({ max: 300_000 }) }),
      fc.record({ kind: fc.constant('all' as const) }),
      fc.record({ kind: fc.constant('large' as const), length: fc.integer({ min: 256 * 1024, max: 600_000 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), steps => {
        const buffer = new AppendBuffer(new HeldBuffers())
        let wanted = ''
        let found = ''
        let fill = 0
        const add = (bytes: Buffer, start: number, end: number): void => {
          wanted += bytes.toString('latin1', start, end)
          buffer.bytes(-1, bytes, start, end)
        }
        for (const each of steps) {
          if (each.kind === 'lend') {
            const bytes = Buffer.from(each.bytes)
            const middle = bytes.length >> 1
            buffer.lend(bytes)
            add(bytes, 0, middle)
            add(bytes, middle, bytes.length)
            add(bytes, 0, middle)
            buffer.settle()
            bytes.fill(0)
          } else if (each.kind === 'append') {
            const bytes = Buffer.alloc(each.length, ++fill)
            add(bytes, 0, bytes.length)
            bytes.fill(0)
          } else if (each.kind === 'large') {
            const bytes = Buffer.alloc(each.length, ++fill)
            add(bytes, 0, bytes.length)
          } else if (each.kind === 'take' && buffer.length > 0) {
            const bytes = buffer.next()
            const count = Math.min(bytes.length, each.most)
            found += bytes.toString('latin1', 0, count)
            buffer.consume(count)
          } else if (each.kind === 'all' && buffer.length <= 256 * 1024) {
            for (const bytes of buffer.all()) found += bytes.toString('latin1')
            buffer.consumeAll()
          }
        }
        expect(found + drain(buffer) === wanted).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})
