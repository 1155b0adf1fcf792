/** Random patterns and subjects that have a chance to match each other, as characters of one byte. */
import fc from 'fast-check'

const LETTERS = [
  'a',
  'b',
  'c',
  'A',
  'Z',
  '0',
  '1',
  '9',
  'f',
  ' ',
  '_',
  '.',
  ',',
  '%',
  '\0',
  '\n',
  '\xe9',
  '\xff',
  '(',
  ')',
  '[',
  ']',
  '-',
  '^',
  '$',
]

export const subject: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.constantFrom(...LETTERS), { maxLength: 16 }).map(list => list.join('')) },
  {
    weight: 3,
    arbitrary: fc.array(fc.constantFrom('a', 'b', 'aa', 'ab', '(', ')'), { maxLength: 20 }).map(list => list.join('')),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes).toString('latin1')) },
)

const letterClass = fc.constantFrom(...'acdlpsuwxzACDLPSUWXZgG')
const literal = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'A', '1', ' ', '_', ',', '\xe9', ']', ')'),
  fc.constantFrom(...'.%[]()*+-?^$').map(special => `%${special}`),
)

const setPart = fc.oneof(
  literal,
  letterClass.map(letter => `%${letter}`),
  fc.constantFrom('a-c', '0-9', 'Z-a', '%a-z', '-', '^', '\x80-\xff', 'b-', '%]', '.'),
)
const set = fc
  .tuple(fc.constantFrom('', '', '^', ']', '^]', '-'), fc.array(setPart, { maxLength: 4 }))
  .map(([first, parts]) => `[${first}${parts.join('')}]`)

const single = fc.oneof(
  { weight: 4, arbitrary: literal },
  { weight: 3, arbitrary: fc.constant('.') },
  { weight: 3, arbitrary: letterClass.map(letter => `%${letter}`) },
  { weight: 2, arbitrary: set },
)
const item = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(single, fc.constantFrom('', '', '', '*', '+', '-', '?')).map(([of, suffix]) => of + suffix),
  },
  { weight: 1, arbitrary: fc.constantFrom('%b()', '%bab', '%b%%', '%baa', '%1', '%2', '()', '%0') },
  { weight: 1, arbitrary: set.map(of => `%f${of}`) },
)

const sequence = fc.letrec<{ sequence: string }>(tie => ({
  sequence: fc
    .array(
      fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        { weight: 4, arbitrary: item },
        { weight: 1, arbitrary: tie('sequence').map(inner => `(${inner})`) },
      ),
      { maxLength: 5 },
    )
    .map(items => items.join('')),
})).sequence

const wellFormed = fc
  .tuple(fc.constantFrom('', '', '', '^'), sequence, fc.constantFrom('', '', '', '$'))
  .map(parts => parts.join(''))

/** Most of them right; some with parts that are missing or too many, or with a NUL, where a pattern ends. */
export const pattern: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: wellFormed },
  {
    weight: 1,
    arbitrary: fc
      .tuple(wellFormed, fc.constantFrom('%', '[', '(', ')', '%f', '%b', '%ba', '[^', '[%', '\0b', '*', '%3'))
      .map(parts => parts.join('')),
  },
  {
    weight: 1,
    arbitrary: fc.array(fc.constantFrom(...'ab%.[]()*+-?^$f1', '\0'), { maxLength: 8 }).map(list => list.join('')),
  },
)
