import { describe, expect, test } from 'vitest'
import { replyText } from '../../src/page/console/reply-text.js'
import type { Reply } from '../../src/page/server/reply.js'

const SINGLE: [Reply, string][] = [
  [null, '(nil)'],
  [true, '(true)'],
  [42, '(integer) 42'],
  [{ integer: '9223372036854775807' }, '(integer) 9223372036854775807'],
  [{ double: '1.5' }, '(double) 1.5'],
  [{ status: 'OK' }, 'OK'],
  [{ error: 'WRONGTYPE no' }, '(error) WRONGTYPE no'],
  [{ text: 'a "b"\nc' }, 'a "b"\nc'],
  ['a "b"\n', '"a \\"b\\"\\n"'],
  [{ base64: '/wA=' }, '"\\xff\\x00"'],
  [[], '(empty array)'],
  [{ set: [] }, '(empty set)'],
  [{ map: [] }, '(empty hash)'],
]

describe('a reply as redis-cli shows it', () => {
  test.each(SINGLE)('%j', (reply, text) => expect(replyText(reply)).toBe(text))

  test('arrays in arrays are indented', () =>
    expect(replyText(['a', ['b', ['c', null]], 3])).toBe(
      ['1) "a"', '2) 1) "b"', '   2) 1) "c"', '      2) (nil)', '3) (integer) 3'].join('\n'),
    ))

  test('numbers of elements stand in line', () => {
    const lines = replyText(Array.from({ length: 10 }, (_, i) => i)).split('\n')
    expect(lines[0]).toBe(' 1) (integer) 0')
    expect(lines[9]).toBe('10) (integer) 9')
  })

  test('maps show pairs, what has several lines below its key', () =>
    expect(
      replyText({
        map: [
          ['a', 1],
          ['b', ['x', 'y']],
          ['c', { map: [['d', { set: ['e'] }]] }],
        ],
      }),
    ).toBe(
      ['1# "a" => (integer) 1', '2# "b" =>', '   1) "x"', '   2) "y"', '3# "c" => 1# "d" => 1~ "e"']
        .join('\n')
        .replace('=>\n', '=> \n'),
    ))

  test('a huge one is cut', () => {
    const text = replyText(Array.from({ length: 100_000 }, () => 'x'.repeat(50)))
    expect(text.length).toBeLessThan(300_000)
    expect(text).toMatch(/the rest is not shown$/)
  })
})
