/**
 * The argument syntax of config files, inline commands and redis-cli: words separated by blanks, with "double" and
 * 'single' quotes. Texts are byte strings: one char per byte (latin1), never UTF-16, so binary arguments survive.
 */

const TAB = 0x09
const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const DOUBLE_QUOTE = 0x22
const SINGLE_QUOTE = 0x27
const BACKSLASH = 0x5c

/**
 * Splits a line into its arguments, or returns null when quotes are unbalanced or a closing quote is followed by
 * anything but a blank. A NUL byte ends the line. O(n).
 *
 * Inside double quotes `\xHH`, `\n`, `\r`, `\t`, `\b` and `\a` are escapes and any other `\c` is `c`; inside single
 * quotes only `\'` is. A quote may open in the middle of a word but always ends it.
 *
 * @example splitArgs('set "a\\x00b" c') // ['set', 'a\0b', 'c']
 */
export function splitArgs(line: string): string[] | null {
  const args: string[] = []
  let at = 0
  while (true) {
    while (isSpace(byteAt(line, at))) at++
    if (byteAt(line, at) === 0) return args

    let word = ''
    let start = at
    while (!endsWord(byteAt(line, at))) {
      const byte = byteAt(line, at)
      if (byte !== DOUBLE_QUOTE && byte !== SINGLE_QUOTE) {
        at++
        continue
      }
      word += line.slice(start, at)
      const quoted = byte === DOUBLE_QUOTE ? readDoubleQuoted(line, at + 1) : readSingleQuoted(line, at + 1)
      if (quoted === null) return null
      word += quoted.text
      at = start = quoted.end
      const next = byteAt(line, at)
      if (next !== 0 && !isSpace(next)) return null
      break
    }
    args.push(word + line.slice(start, at))
  }
}

/**
 * The inverse of splitArgs for one argument: the text in double quotes, every byte that is not printable ASCII as an
 * escape. `splitArgs(quoteArg(x))` is `[x]` for every x but those with chars above 0xff, which no byte string has.
 */
export function quoteArg(text: string): string {
  let out = '"'
  for (let at = 0; at < text.length; at++) {
    const byte = text.charCodeAt(at)
    const escaped = ESCAPES.get(byte)
    if (escaped !== undefined) out += escaped
    else if (byte >= 0x20 && byte < 0x7f) out += text[at]
    else out += `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return `${out}"`
}

/** An argument as it is written by hand: in quotes only where it would be read as something else, or could not be seen. */
export function plainOrQuoted(text: string): string {
  return /^[!#-&(-~]+$/.test(text) ? text : quoteArg(text)
}

const ESCAPES = new Map([
  [BACKSLASH, '\\\\'],
  [DOUBLE_QUOTE, '\\"'],
  [NEWLINE, '\\n'],
  [CARRIAGE_RETURN, '\\r'],
  [TAB, '\\t'],
  [0x07, '\\a'],
  [0x08, '\\b'],
])

type Quoted = { readonly text: string; readonly end: number }

/** Reads from behind an opening double quote; `end` is the offset behind the closing one. */
function readDoubleQuoted(line: string, at: number): Quoted | null {
  let text = ''
  while (true) {
    const byte = byteAt(line, at)
    if (byte === 0) return null
    if (byte === DOUBLE_QUOTE) return { text, end: at + 1 }
    const next = byteAt(line, at + 1)
    if (byte !== BACKSLASH || next === 0) {
      text += line[at++]
      continue
    }
    const high = hexDigit(byteAt(line, at + 2))
    const low = hexDigit(byteAt(line, at + 3))
    if (next === 0x78 && high >= 0 && low >= 0) {
      text += String.fromCharCode(high * 16 + low)
      at += 4
    } else {
      text += unescaped(next)
      at += 2
    }
  }
}

/** Reads from behind an opening single quote; `end` is the offset behind the closing one. */
function readSingleQuoted(line: string, at: number): Quoted | null {
  let text = ''
  while (true) {
    const byte = byteAt(line, at)
    if (byte === 0) return null
    if (byte === SINGLE_QUOTE) return { text, end: at + 1 }
    if (byte === BACKSLASH && byteAt(line, at + 1) === SINGLE_QUOTE) at++
    text += line[at++]
  }
}

/** The byte that `\c` means inside double quotes. */
function unescaped(byte: number): string {
  switch (byte) {
    case 0x6e:
      return '\n'
    case 0x72:
      return '\r'
    case 0x74:
      return '\t'
    case 0x62:
      return '\b'
    case 0x61:
      return '\x07'
    default:
      return String.fromCharCode(byte)
  }
}

/** The byte at an offset; 0, which ends every line, behind its end. */
function byteAt(line: string, at: number): number {
  return at < line.length ? line.charCodeAt(at) : 0
}

/** C's isspace(), which separates words. */
function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CARRIAGE_RETURN)
}

/** What ends a word outside quotes: fewer bytes than isSpace, as vertical tab and form feed belong to a word they follow. */
function endsWord(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === NEWLINE || byte === CARRIAGE_RETURN || byte === 0
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  if (byte >= 0x41 && byte <= 0x46) return byte - 0x41 + 10
  if (byte >= 0x61 && byte <= 0x66) return byte - 0x61 + 10
  return -1
}
