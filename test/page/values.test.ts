import { describe, expect, test } from 'vitest'
import { prettyJson } from '../../src/page/keys/values/json-text.js'
import { hexLines, textOfWindow } from '../../src/page/keys/values/text-window.js'
import { type Bytes, utf8 } from '../../src/page/server/bytes.js'

describe('JSON over several lines', () => {
  test('keeps every digit, escape and field', () => {
    const json = '{"a":12345678901234567890,"a":1.0,"b":["\\u00e9{,}:",[],{}],"c":{"d":null}}'
    expect(prettyJson(json)).toBe(
      `{
  "a": 12345678901234567890,
  "a": 1.0,
  "b": [
    "\\u00e9{,}:",
    [],
    {}
  ],
  "c": {
    "d": null
  }
}`,
    )
  })

  test('text that is none is left alone', () => expect(prettyJson('{"a":')).toBeNull())
})

describe('a part of a value', () => {
  const text = (bytes: Bytes, from: number, length: number) =>
    textOfWindow({ bytes, from, length })
      .map(piece => piece.text)
      .join('')

  test('lines are lines', () => expect(text(utf8('a\nb\n'), 0, 4)).toBe('a\nb\n'))

  test('a character that the window has cut is left to its neighbours', () => {
    const whole = utf8('☃☃☃')
    expect(text(whole.slice(0, 5) as Bytes, 0, 9)).toBe('☃')
    expect(text(whole.slice(5) as Bytes, 5, 9)).toBe('☃')
  })

  test('bytes that are no text are escaped, all of them', () => {
    expect(text('a\xff\nb' as Bytes, 0, 4)).toBe('a\\xff\nb')
    expect(text('\xe2\x98' as Bytes, 0, 2)).toBe('\\xe2\\x98')
  })

  test('a hex dump counts from where the part begins', () =>
    expect(hexLines({ bytes: 'ABC\x00' as Bytes, from: 32, length: 36 })).toEqual([
      { at: 32, hex: '41 42 43 00  ', ascii: 'ABC.' },
    ]))
})
