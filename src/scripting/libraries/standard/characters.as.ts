/** Classes of characters as C's locale has them: a byte of bits for each character, and for each letter that names a class its bits. */
import { malloc } from '../lua.as'

const CONTROL: u32 = 1
const DIGIT: u32 = 2
const LOWER: u32 = 4
const PUNCTUATION: u32 = 8
const SPACE: u32 = 16
const UPPER: u32 = 32
const HEXADECIMAL: u32 = 64
const NUL: u32 = 128

let classes: usize = 0
/** Of the letters of classes, which follow. */
const LETTERS: usize = 256

export function openCharacters(): bool {
  classes = malloc(512)
  if (classes === 0) return false
  for (let c: u32 = 0; c < 256; c++) store<u8>(classes + c, classesOf(c))
  memory.fill(classes + LETTERS, 0, 256)
  setLetter(0x61, LOWER | UPPER)
  setLetter(0x63, CONTROL)
  setLetter(0x64, DIGIT)
  setLetter(0x6c, LOWER)
  setLetter(0x70, PUNCTUATION)
  setLetter(0x73, SPACE)
  setLetter(0x75, UPPER)
  setLetter(0x77, LOWER | UPPER | DIGIT)
  setLetter(0x78, HEXADECIMAL)
  setLetter(0x7a, NUL)
  return true
}

function setLetter(lower: usize, bits: u32): void {
  store<u8>(classes + LETTERS + lower, bits)
  store<u8>(classes + LETTERS + lower - 0x20, bits)
}

function classesOf(c: u32): u32 {
  if (c === 0) return CONTROL | NUL
  if (c === 0x20 || c - 0x09 < 5) return c === 0x20 ? SPACE : CONTROL | SPACE
  if (c < 0x20 || c === 0x7f) return CONTROL
  if (c > 0x7f) return 0
  if (c - 0x30 < 10) return DIGIT | HEXADECIMAL
  const letter = (c | 0x20) - 0x61
  if (letter >= 26) return PUNCTUATION
  return (c < 0x60 ? UPPER : LOWER) | (letter < 6 ? HEXADECIMAL : 0)
}

/** Whether `letter`, as it stands behind a %, means character c: a class, everything but a class in upper case, or itself. */
@inline
export function isInClass(c: u32, letter: u32): bool {
  const bits = <u32>load<u8>(classes + LETTERS + letter)
  if (bits === 0) return c === letter
  return ((<u32>load<u8>(classes + c) & bits) !== 0) === ((letter & 0x20) !== 0)
}

@inline
export function isDigit(c: u32): bool {
  return c - 0x30 < 10
}

@inline
export function isSpace(c: u32): bool {
  return c === 0x20 || c - 0x09 < 5
}
