import { describe, expect, test } from 'vitest'
import { KeyGroups } from '../../src/page/keys/key-groups.js'
import { literal, patternBytes } from '../../src/page/keys/pattern.js'
import type { Bytes } from '../../src/page/server/bytes.js'

const keys = (...names: string[]) => names as Bytes[]

/** The rows as a list shows them: groups with their number of keys. */
function rows(groups: KeyGroups): string[] {
  return groups.rows().map(row => (row.kind === 'group' ? `${row.rest} ${row.seen}` : row.rest))
}

describe('keys by prefix', () => {
  test('those that go on alike are a group; groups come first', () => {
    const groups = new KeyGroups('' as Bytes)
    groups.add(keys('user:1', 'zero', 'user:2', 'alone:1', 'counter'))
    expect(rows(groups)).toEqual(['user: 2', 'alone:1', 'counter', 'zero'])
  })

  test('a key that comes twice counts once', () => {
    const groups = new KeyGroups('' as Bytes)
    expect(groups.add(keys('a:1', 'a:2'))).toBe(2)
    expect(groups.add(keys('a:2', 'a:3'))).toBe(1)
    expect(rows(groups)).toEqual(['a: 3'])
  })

  test('what is open shows the next part', () => {
    const groups = new KeyGroups('' as Bytes)
    groups.add(keys('user:1:name', 'user:1:mail', 'user:2:name', 'user:', 'other'))
    expect(rows(groups.below('user:' as Bytes))).toEqual(['1: 2', '', '2:name'])
  })

  test('numbers stand in the order of their values', () => {
    const groups = new KeyGroups('job:' as Bytes)
    groups.add(keys('job:10', 'job:9', 'job:100', 'job:x'))
    expect(rows(groups)).toEqual(['9', '10', '100', 'x'])
  })

  test('what was found below is known above', () => {
    const groups = new KeyGroups('' as Bytes)
    groups.add(keys('a:1', 'a:2'))
    const below = groups.below('a:' as Bytes)
    below.add(keys('a:3'))
    groups.addAll(below)
    expect(rows(groups)).toEqual(['a: 3'])
  })

  test('bytes that are not text are grouped like any', () => {
    const groups = new KeyGroups('' as Bytes)
    groups.add(keys('\xff:1', '\xff:2'))
    expect(rows(groups)).toEqual(['\xff: 2'])
  })

  test('100,000 keys take no time to speak of', () => {
    const groups = new KeyGroups('' as Bytes)
    groups.add(keys(...Array.from({ length: 100_000 }, (_, i) => `user:${i % 1000}:${i}`)))
    expect(rows(groups)).toEqual(['user: 100000'])
    expect(groups.below('user:' as Bytes).rows()).toHaveLength(1000)
  })
})

describe('patterns', () => {
  test('a prefix is taken as it is', () => expect(literal('a*[b]?\\^' as Bytes)).toBe('a\\*\\[b\\]\\?\\\\\\^'))
  test('what is typed is a pattern', () => expect(patternBytes('user:*\\*')).toBe('user:*\\*'))
  test('bytes may be typed, and are no pattern', () => expect(patternBytes('\\xff\\x2a*')).toBe('\xff\\**'))
})
