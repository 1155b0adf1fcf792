import { describe, expect, test } from 'vitest'
import {
  type Bytes,
  fromWire,
  quoted,
  shown,
  shownText,
  textOf,
  toWire,
  unescaped,
  utf8,
} from '../../src/page/server/bytes.js'

const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('') as Bytes

describe('bytes between the page and the server', () => {
  test('text goes as text, other bytes as base64', () => {
    expect(toWire(utf8('naïve ☃ 𝄞'))).toBe('naïve ☃ 𝄞')
    expect(toWire('\xff' as Bytes)).toEqual({ base64: '/w==' })
    expect(toWire(all)).toEqual({ base64: Buffer.from(all, 'latin1').toString('base64') })
  })

  test('come back as they went', () => {
    for (const bytes of [
      '' as Bytes,
      all,
      utf8('☃'),
      utf8('\ufeffmark'),
      '\xe2\x98' as Bytes,
      utf8(`${'x'.repeat(100_000)}☃`),
    ])
      expect(fromWire(toWire(bytes))).toBe(bytes)
  })

  test('half a character is no text', () => {
    expect(textOf('\xe2\x98' as Bytes)).toBeNull()
    expect(textOf('\xed\xa0\x80' as Bytes)).toBeNull()
  })
})

describe('bytes as they are shown', () => {
  test('letters of UTF-8 stay letters', () => expect(shownText(utf8('Zoë ☃'))).toBe('Zoë ☃'))

  test('bytes that are not UTF-8 are escaped, and told from text that looks so', () => {
    expect(shown('a\xff\xfeb' as Bytes)).toEqual([
      { text: 'a', escaped: false },
      { text: '\\xff\\xfe', escaped: true },
      { text: 'b', escaped: false },
    ])
    expect(shown('\\xff' as Bytes)).toEqual([{ text: '\\xff', escaped: false }])
  })

  test('what cannot be seen is escaped, and what turns the direction of a text', () => {
    expect(shownText(utf8('a\nb\0c'))).toBe('a\\nb\\x00c')
    expect(shownText(utf8('abc\u202etxt'))).toBe('abc\\xe2\\x80\\xaetxt')
    expect(shownText(utf8('a\u200bb'))).toBe('a\\xe2\\x80\\x8bb')
  })

  test('in quotes as redis-cli has them', () => {
    expect(quoted(utf8('say "hi"\\\n'))).toBe('"say \\"hi\\"\\\\\\n"')
    expect(quoted('\x00\xff\x07' as Bytes)).toBe('"\\x00\\xff\\a"')
  })

  test('every byte can be typed as it is shown', () => expect(unescaped(quoted(all).slice(1, -1))).toBe(all))
})
