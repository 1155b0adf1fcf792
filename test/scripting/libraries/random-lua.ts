/** Random Lua, as source text of one character a byte. */
import fc from 'fast-check'

/** A string literal: what is not plain ASCII as decimal escapes. */
export function quoted(text: string): string {
  let literal = ''
  for (const byte of Buffer.from(text, 'latin1')) {
    const plain = byte >= 32 && byte < 127 && byte !== 34 && byte !== 92
    literal += plain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`
  }
  return `"${literal}"`
}

/** Any bytes, some of them text. Below 32 bytes Lua's own hash is the same as Redis's, and so is the order of keys. */
export const bytes = (maxLength = 31): fc.Arbitrary<string> =>
  fc.oneof(
    fc.uint8Array({ maxLength }).map(array => Buffer.from(array).toString('latin1')),
    fc.string({ maxLength: Math.min(maxLength, 12) }).map(text => Buffer.from(text).toString('latin1')),
    fc.constantFrom('', 'a', 'name', '12', '0x10', ' 7 ', '1e3', 'nan', '/"\\\b\f\n\r\t\x7f\0'),
  )

/** Numbers of all kinds, the edges of integers among them. */
export const double: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -200, max: 70_000 }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.float(),
  fc
    .tuple(fc.integer({ min: -99_999_999, max: 99_999_999 }), fc.integer({ min: 0, max: 9 }))
    .map(([n, d]) => n / 10 ** d),
  fc
    .tuple(fc.integer({ min: 0, max: 70 }), fc.integer({ min: -2, max: 2 }), fc.boolean())
    .map(([exponent, delta, negative]) => {
      const value = 2 ** exponent + delta
      return negative ? -value : value
    }),
  fc.constantFrom(
    0,
    0.1,
    0.5,
    1.5,
    2.5,
    1e14,
    1e15,
    1e21,
    99999999999999.5,
    5e-324,
    1.7976931348623157e308,
    Infinity,
    -Infinity,
  ),
)

export function numberLiteral(value: number): string {
  if (Number.isNaN(value)) return '(0/0)'
  if (!Number.isFinite(value)) return value > 0 ? '(1/0)' : '(-1/0)'
  return Object.is(value, -0) ? '(-1*0)' : `${value}`
}

export const numberText = double.map(numberLiteral)
export const stringText = bytes().map(quoted)

const scalar = fc.oneof(
  { weight: 3, arbitrary: numberText },
  { weight: 3, arbitrary: stringText },
  { weight: 1, arbitrary: fc.constantFrom('true', 'false', 'cjson.null', 'nil') },
)

const key = fc.oneof(
  { weight: 4, arbitrary: fc.string({ minLength: 1, maxLength: 10 }).map(text => `[${quoted(text)}]`) },
  { weight: 2, arbitrary: fc.integer({ min: -1, max: 20 }).map(n => `[${n}]`) },
  { weight: 1, arbitrary: double.filter(n => !Number.isNaN(n)).map(n => `[${numberLiteral(n)}]`) },
  { weight: 1, arbitrary: fc.constant('[true]') },
)

/** Any value that a literal can make: arrays with and without holes, objects, tables that are both. */
export const value: fc.Arbitrary<string> = fc.letrec<{ value: string }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 9 }).map(list => `{${list.join(',')}}`),
    fc
      .uniqueArray(fc.tuple(key, tie('value')), { maxLength: 9, selector: ([name]) => name })
      .map(pairs => `{${pairs.map(([name, of]) => `${name}=${of}`).join(',')}}`),
    fc
      .tuple(fc.array(tie('value'), { maxLength: 5 }), key, tie('value'))
      .map(([list, name, of]) => `{${[...list, `${name}=${of}`].join(',')}}`),
  ),
})).value

/** Of a text, what is left when a part has been cut out, doubled or replaced: most of the time, not what was meant. */
export const damaged = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(text, fc.nat(), fc.nat({ max: 4 }), bytes(3), fc.constantFrom('cut', 'end', 'double', 'replace'))
    .map(([whole, place, length, other, how]) => {
      const at = place % (whole.length + 1)
      if (how === 'end') return whole.slice(0, at)
      const between = how === 'cut' ? '' : how === 'double' ? whole.slice(at, at + length).repeat(2) : other
      return whole.slice(0, at) + between + whole.slice(at + length)
    })
