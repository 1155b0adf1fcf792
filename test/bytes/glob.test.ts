import fc from 'fast-check'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { Glob, globMatch, MATCH, NO_MATCH, UNDECIDED } from '../../src/bytes/glob.js'
import { requireStock, startRedisServer } from '../interop/stock.js'
import { matchesByReference } from './glob-reference.js'

function match(pattern: string, text: string, nocase = false): boolean {
  return globMatch(Buffer.from(pattern, 'latin1'), Buffer.from(text, 'latin1'), nocase)
}

describe('glob patterns', () => {
  test.each([
    ['hello', 'hello', true],
    ['hello', 'hell', false],
    ['hell', 'hello', false],
    ['h?llo', 'hallo', true],
    ['h?llo', 'hllo', false],
    ['h*llo', 'hllo', true],
    ['h*llo', 'heeeello', true],
    ['h*llo', 'heeeell', false],
    ['*', 'x', true],
    ['***', 'x', true],
    ['a**', 'a', true],
    ['*a*b*', 'xaybz', true],
    ['*a*b*', 'xbya', false],
    ['*ab', 'aab', true],
    ['*a?', 'baa', true],
    ['h[ae]llo', 'hello', true],
    ['h[ae]llo', 'hillo', false],
    ['h[^e]llo', 'hallo', true],
    ['h[^e]llo', 'hello', false],
    ['h[a-c]llo', 'hbllo', true],
    ['h[c-a]llo', 'hbllo', true],
    ['h[a-c]llo', 'hdllo', false],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['h\\[e', 'h[e', true],
    ['[\\]]', ']', true],
    ['[\\-a]', '-', true],
  ])('%s against %s: %s', (pattern, text, expected) => {
    expect(match(pattern, text)).toBe(expected)
  })

  test('an empty text matches only the empty pattern', () => {
    expect(match('', '')).toBe(true)
    expect(match('', 'a')).toBe(false)
    for (const pattern of ['*', '**', '?', 'a', '[^]']) expect(match(pattern, '')).toBe(false)
  })

  test('a class may end with the pattern, and be empty', () => {
    expect(match('[abc', 'b')).toBe(true)
    expect(match('[abc', 'd')).toBe(false)
    expect(match('[a-c', 'b')).toBe(true)
    expect(match('[a-', '-')).toBe(true)
    expect(match('[', '[')).toBe(false)
    expect(match('[]', ']')).toBe(false)
    expect(match('[^', 'x')).toBe(true)
    expect(match('[^]', 'x')).toBe(true)
    expect(match('[a\\', '\\')).toBe(true)
  })

  test('a range whose end is ] takes it for its end', () => {
    expect(match('[Z-]', '[')).toBe(true)
    expect(match('[Z-]x', 'Zx')).toBe(false)
  })

  test('a backslash at the end is itself', () => {
    expect(match('a\\', 'a\\')).toBe(true)
  })

  test('ranges compare signed bytes', () => {
    expect(match('[\x01-\xff]', 'a')).toBe(false)
    expect(match('[\x80-a]', '\x90')).toBe(true)
    expect(match('[\x80-\xff]', '\x90')).toBe(true)
  })

  test('case is ignored on request', () => {
    expect(match('HeLLo*', 'hEllO!')).toBe(false)
    expect(match('HeLLo*', 'hEllO!', true)).toBe(true)
    expect(match('[A-C][xyz]', 'bZ', true)).toBe(true)
    expect(match('[\\A]', 'a', true)).toBe(false)
    expect(match('[Z-a]', 'z', true)).toBe(false)
    expect(match('\xc0', '\xe0', true)).toBe(false)
  })

  test('only the given range of the text counts', () => {
    const text = Buffer.from('xxabcxx')
    const matches = (pattern: string, nocase = false) => new Glob(Buffer.from(pattern), nocase).matches(text, 2, 5)
    expect(matches('abc')).toBe(true)
    expect(matches('a*c')).toBe(true)
    expect(matches('*c*x')).toBe(false)
    expect(matches('*b?')).toBe(true)
    expect(matches('*b?x')).toBe(false)
    expect(matches('ABC', true)).toBe(true)
  })

  test('many stars take neither exponential time nor a deep stack', () => {
    const text = 'a'.repeat(2000)
    expect(match(`${'a*'.repeat(500)}b`, text)).toBe(false)
    expect(match('*a'.repeat(200_000), text)).toBe(false)
    expect(match('*a'.repeat(2000), text)).toBe(true)
  })
})

/** A match under a budget, and how often it had to go on. */
function matchInParts(
  pattern: Buffer,
  text: Buffer,
  nocase: boolean,
  budget: number,
): [matches: boolean, parts: number] {
  const glob = new Glob(pattern, nocase)
  let result = glob.begin(text, 0, text.length, budget)
  let parts = 1
  for (; result === UNDECIDED; parts++) result = glob.goOn(budget)
  expect([MATCH, NO_MATCH]).toContain(result)
  return [result === MATCH, parts]
}

describe('means the same as the direct reading of the pattern', () => {
  const drawn = (letters: string, maxLength: number) =>
    fc.string({ unit: fc.constantFrom(...letters), maxLength }).map(text => Buffer.from(text, 'latin1'))

  test('for short patterns of all kinds', () => {
    const letters = 'aaabbbcABZz-[]^\\*?\x80\xff\0'
    fc.assert(
      fc.property(drawn(letters, 12), drawn(letters, 8), fc.boolean(), (pattern, text, nocase) => {
        const expected = matchesByReference(pattern, text, nocase)
        expect(globMatch(pattern, text, nocase)).toBe(expected)
        expect(matchInParts(pattern, text, nocase, 1)[0]).toBe(expected)
      }),
      { numRuns: 20_000 },
    )
  })

  test('for long runs in long texts, in one go and in parts', () => {
    const run = fc.string({ unit: fc.constantFrom(...'aaaaaaaaaa', '?', '[ab]', '[^b]'), minLength: 20, maxLength: 90 })
    const pattern = fc
      .array(run, { minLength: 1, maxLength: 3 })
      .map(runs => Buffer.from(`*${runs.join('b*')}b*`, 'latin1'))
    const text = fc
      .array(fc.tuple(fc.nat(200), fc.constantFrom('b', 'ab', '')), { maxLength: 15 })
      .map(pieces => Buffer.from(pieces.map(([count, end]) => 'a'.repeat(count) + end).join(''), 'latin1'))
    let matching = 0
    let inParts = 0
    fc.assert(
      fc.property(pattern, text, fc.integer({ min: 1, max: 500 }), (glob, subject, budget) => {
        const expected = matchesByReference(glob, subject, false)
        expect(globMatch(glob, subject)).toBe(expected)
        const [matches, parts] = matchInParts(glob, subject, false, budget)
        expect(matches).toBe(expected)
        if (expected) matching++
        if (parts > 1) inParts++
      }),
      { numRuns: 1500 },
    )
    // Else the property would say little.
    expect(matching).toBeGreaterThan(50)
    expect(inParts).toBeGreaterThan(200)
  })
})

describe('what a match costs', () => {
  /** The steps that a match takes beyond its first and last run. */
  function cost(pattern: string, text: string): number {
    const glob = new Glob(Buffer.from(pattern, 'latin1'))
    const bytes = Buffer.from(text, 'latin1')
    glob.matches(bytes, 0, bytes.length)
    return glob.work
  }

  test('does not depend on how many bytes a class names', () => {
    const text = 'c'.repeat(20_000)
    expect(cost(`*[${'ab'.repeat(5000)}]*`, text)).toBe(cost('*[ab]*', text))
  })

  test('is a step a byte at most for what has one place only', () => {
    const text = 'a'.repeat(20_000)
    expect(cost(`${'a'.repeat(9999)}b*`, text)).toBe(0)
    expect(cost(`*${'a'.repeat(9999)}b`, text)).toBe(0)
  })

  test('is at most a step for each byte and 32 steps of the pattern, and some more to find out that it is long', () => {
    const text = 'a'.repeat(20_000)
    for (const steps of [10, 100, 1000, 10_000]) {
      const most = text.length * (Math.ceil(steps / 32) + 8) + 2 * steps + 1000
      expect(cost(`*${'a'.repeat(steps - 1)}b*`, text)).toBeLessThan(most)
      expect(cost(`*${'?'.repeat(steps - 1)}b*`, text)).toBeLessThan(most)
      expect(cost(`*${'[ab]'.repeat(steps - 1)}c*`, text)).toBeLessThan(most)
    }
  })

  test('stays within a step a byte however many stars there are', () => {
    expect(cost(`${'*a'.repeat(5000)}*b*`, 'a'.repeat(20_000))).toBeLessThan(2.5 * 20_000)
  })
})

/** A piece of a pattern beside the regular expression that means the same. */
const piece = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'A').map(letter => ({ glob: letter, regex: letter })),
  fc.constantFrom('*', '?', '[', ']', 'a').map(letter => ({ glob: `\\${letter}`, regex: `[\\${letter}]` })),
  fc.constant({ glob: '?', regex: '[^]' }),
  fc.constant({ glob: '*', regex: '[^]*' }),
  fc.constantFrom('[ab]', '[^ab]', '[a-b]', '[^b-c]').map(each => ({ glob: each, regex: each })),
)

test('means the same as the regular expression built from the same pieces', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', '*', '?', '[', ']'), minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), text, fc.boolean(), (pieces, subject, nocase) => {
      const regex = new RegExp(`^${pieces.map(each => each.regex.replace('[\\a]', 'a')).join('')}$`, nocase ? 'i' : '')
      expect(match(pieces.map(each => each.glob).join(''), subject, nocase)).toBe(regex.test(subject))
    }),
    { numRuns: 3000 },
  )
})

describe('glob patterns against stock redis-server', requireStock('redis-server'), () => {
  const symbols = ['a', 'b', 'c', 'B', '-', '[', ']', '^', '\\', '*', '?', '\x80', '\xff', '\0']
  const bytes = (minLength: number, maxLength: number) =>
    fc.array(fc.constantFrom(...symbols), { minLength, maxLength }).map(all => Buffer.from(all.join(''), 'latin1'))
  const hex = (all: Buffer[]) => all.map(each => each.toString('hex')).sort()

  test('KEYS gives the keys that match', async () => {
    const keys = [...new Set([...fc.sample(bytes(0, 5), 300), Buffer.alloc(0)].map(key => key.toString('latin1')))]
    const stored = keys.map(key => Buffer.from(key, 'latin1'))
    const patterns = fc.sample(bytes(0, 8), 2500).filter(pattern => pattern.toString('latin1') !== '*')
    const server = await startRedisServer(['--save', ''])
    const client = new Redis(server.port)
    try {
      await client.mset(stored.flatMap(key => [key, 'value']))
      const replies = await Promise.all(
        patterns.map(async pattern => (await client.callBuffer('KEYS', pattern)) as Buffer[]),
      )
      const differing = patterns.filter((pattern, index) => {
        const matching = stored.filter(key => globMatch(pattern, key))
        return hex(matching).join() !== hex(replies[index]).join()
      })
      expect(hex(differing)).toEqual([])
      expect(replies.some(reply => reply.length > 1)).toBe(true)
    } finally {
      client.disconnect()
      await server.stop()
    }
  })

  test('CONFIG GET gives the names that match in any case', async () => {
    const unit = fc.constantFrom(
      '*',
      '?',
      'A',
      'e',
      'S',
      'M',
      'n',
      '-',
      '[A-z]',
      '[^e]',
      '[Z-a]',
      '[\\E]',
      '[se',
      '\\S',
    )
    // Without one of these the server looks the name up instead of matching it.
    const pattern = fc.array(unit, { minLength: 1, maxLength: 7 }).map(all => `*${all.join('')}`)
    const patterns = fc.sample(pattern, 1000)
    const server = await startRedisServer(['--save', ''])
    const client = new Redis(server.port)
    try {
      const names = async (wanted: string) => {
        const reply = await client.config('GET', wanted)
        return (reply as string[]).filter((_, index) => index % 2 === 0).sort()
      }
      const all = await names('*')
      const replies = await Promise.all(patterns.map(names))
      for (const [index, wanted] of patterns.entries()) {
        expect([wanted, all.filter(name => match(wanted, name, true))]).toEqual([wanted, replies[index]])
      }
    } finally {
      client.disconnect()
      await server.stop()
    }
  })
})
