import fc from 'fast-check'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { globMatch, globMatchRange } from '../../src/bytes/glob.js'
import { requireStock, startRedisServer } from '../interop/stock.js'

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
    expect(globMatchRange(Buffer.from('abc'), text, 2, 5)).toBe(true)
    expect(globMatchRange(Buffer.from('a*c'), text, 2, 5)).toBe(true)
    expect(globMatchRange(Buffer.from('*c*x'), text, 2, 5)).toBe(false)
    expect(globMatchRange(Buffer.from('ABC'), text, 2, 5, true)).toBe(true)
  })

  test('many stars take neither exponential time nor a deep stack', () => {
    const text = 'a'.repeat(2000)
    expect(match(`${'a*'.repeat(500)}b`, text)).toBe(false)
    expect(match('*a'.repeat(200_000), text)).toBe(false)
    expect(match('*a'.repeat(2000), text)).toBe(true)
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
