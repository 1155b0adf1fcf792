import { describe, expect, test } from 'vitest'
import { splitLine } from '../../src/page/console/command-line.js'

describe('a line of the console', () => {
  test('is cut at blanks', () => expect(splitLine('  set  key\tvalue ')).toEqual(['set', 'key', 'value']))

  test('an empty one has no word', () => expect(splitLine('   ')).toEqual([]))

  test('double quotes hold blanks and escapes', () =>
    expect(splitLine('set "a b" "\\x00\\xff\\n\\"\\\\\\q"')).toEqual(['set', 'a b', '\x00\xff\n"\\q']))

  test('single quotes hold all but their own', () =>
    expect(splitLine("set 'a\\n\"b' 'it\\'s'")).toEqual(['set', 'a\\n"b', "it's"]))

  test('an empty string is a word', () => expect(splitLine('set k ""')).toEqual(['set', 'k', '']))

  test('quotes may open within a word', () => expect(splitLine('a"b c"')).toEqual(['ab c']))

  test('letters beyond ASCII are their UTF-8', () => expect(splitLine('get ☃')).toEqual(['get', '\xe2\x98\x83']))

  test('a backslash outside quotes is itself', () => expect(splitLine('get a\\n')).toEqual(['get', 'a\\n']))

  test.each(['get "a', "get 'a", 'get "a"b', 'get \'a\'"b"', 'get "a\\"'])('%s is refused', line =>
    expect(splitLine(line)).toBeNull(),
  )
})
