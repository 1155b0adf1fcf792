import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { quoteArg, splitArgs } from '../../src/bytes/split-args.js'

const bytes = fc
  .uint8Array({ maxLength: 40 })
  .map(array => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('latin1'))

describe('splitArgs', () => {
  test.each<[line: string, args: string[]]>([
    ['', []],
    [' \t\r\n\v\f ', []],
    ['set key value', ['set', 'key', 'value']],
    ['  set\t key \r\n', ['set', 'key']],
    ['save ""', ['save', '']],
    ["save ''", ['save', '']],
    ['"a b" c', ['a b', 'c']],
    ['"\\x00\\xfF\\n\\r\\t\\b\\a"', ['\0\xff\n\r\t\b\x07']],
    ['"\\q\\"\\\\"', ['q"\\']],
    ['"\\xg1\\x4"', ['xg1x4']],
    ["'a\\'b\\n\\x41'", ["a'b\\n\\x41"]],
    ['pre"fix ed"', ['prefix ed']],
    ["pre'fix ed' x", ['prefix ed', 'x']],
    ['back\\slash\\n', ['back\\slash\\n']],
    ['a\vb\fc', ['a\vb\fc']],
    ['"a"\vb', ['a', 'b']],
    ['a b\0 c d', ['a', 'b']],
    ['h\xe9 \xff\xfe', ['h\xe9', '\xff\xfe']],
  ])('%j', (line, args) => {
    expect(splitArgs(line)).toEqual(args)
  })

  test.each(['"', "'", 'a "b', "a 'b", '"a"b', "'a'b", 'x"a"b', '"a""b"', '"a\\', '"a\\"', "'a\\'", '"a\0"'])(
    'refuses %j',
    line => {
      expect(splitArgs(line)).toBeNull()
    },
  )

  test('reads back what quoteArg wrote, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), args => {
        const line = args.map(quoteArg).join(' ')
        expect(line).toMatch(/^[\x20-\x7e]*$/)
        expect(splitArgs(line)).toEqual(args)
      }),
    )
  })

  test('takes words without quotes, blanks and NUL as they are', () => {
    const word = bytes.filter(text => /^[^\s\0"']+$/.test(text) && !text.includes('\xa0'))
    fc.assert(
      fc.property(fc.array(word), fc.constantFrom(' ', '\t', '  ', ' \r\n'), (words, blank) => {
        expect(splitArgs(words.join(blank))).toEqual(words)
      }),
    )
  })

  test('answers every byte string with words or null', () => {
    fc.assert(
      fc.property(bytes, line => {
        const args = splitArgs(line)
        if (args !== null) expect(splitArgs(args.map(quoteArg).join(' '))).toEqual(args)
      }),
    )
  })
})

test('quoteArg escapes what is not printable ASCII', () => {
  expect(quoteArg('a"b\\c\n\r\t\x07\b\0\x7f\xff d')).toBe('"a\\"b\\\\c\\n\\r\\t\\a\\b\\x00\\x7f\\xff d"')
})
