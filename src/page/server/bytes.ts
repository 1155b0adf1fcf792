/**
 * Bytes as a string of one character (0 to 255) a byte: they compare, slice and key a Map as strings do, and what is
 * ASCII is the same string as its text.
 */
export type Bytes = string & { readonly oneCharacterAByte: true }

/** Bytes as the API writes them: the text of what is valid UTF-8, else base64. */
export type Wire = string | { base64: string }

/** A piece of bytes as they are shown: text as it is, or the escapes of bytes that are not text. */
export interface Shown {
  text: string
  escaped: boolean
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what is not ASCII
const NOT_ASCII = /[^\x00-\x7f]/
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** The bytes of a text in UTF-8. */
export function utf8(text: string): Bytes {
  return NOT_ASCII.test(text) ? fromUint8(encoder.encode(text)) : (text as Bytes)
}

/** The text of bytes; null when they are not UTF-8. */
export function textOf(bytes: Bytes): string | null {
  if (!NOT_ASCII.test(bytes)) return bytes
  try {
    return strictDecoder.decode(toUint8(bytes))
  } catch {
    return null
  }
}

export function fromWire(wire: Wire): Bytes {
  return typeof wire === 'string' ? utf8(wire) : (atob(wire.base64) as Bytes)
}

export function toWire(bytes: Bytes): Wire {
  return textOf(bytes) ?? { base64: btoa(bytes) }
}

export function toUint8(bytes: Bytes): Uint8Array<ArrayBuffer> {
  const array = new Uint8Array(bytes.length)
  for (let i = 0; i < bytes.length; i++) array[i] = bytes.charCodeAt(i)
  return array
}

/** A piece at a time: a call takes only so many arguments. */
function fromUint8(array: Uint8Array): Bytes {
  let bytes = ''
  for (let i = 0; i < array.length; i += 8192) bytes += String.fromCharCode(...array.subarray(i, i + 8192))
  return bytes as Bytes
}

// Controls, and what is invisible or turns the direction of a text: a name must not look like another one.
const UNSEEN = /[\p{Cc}\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+/gu

/** Bytes cut into text and escapes (`\n`, `\xff`), for a single line. Bytes that are not UTF-8 are ASCII and escapes. */
export function shown(bytes: Bytes): Shown[] {
  const text = textOf(bytes)
  return text === null
    ? pieces(bytes, /[^\x20-\x7e]+/g, escapesOf)
    : pieces(text, UNSEEN, unseen => escapesOf(utf8(unseen)))
}

/** One text of it all, for titles and places that take no markup. */
export function shownText(bytes: Bytes): string {
  return shown(bytes)
    .map(piece => piece.text)
    .join('')
}

function pieces(text: string, special: RegExp, escapeOf: (special: string) => string): Shown[] {
  const found: Shown[] = []
  let from = 0
  for (const match of text.matchAll(special)) {
    if (match.index > from) found.push({ text: text.slice(from, match.index), escaped: false })
    found.push({ text: escapeOf(match[0]), escaped: true })
    from = match.index + match[0].length
  }
  if (from < text.length || found.length === 0) found.push({ text: text.slice(from), escaped: false })
  return found
}

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\x07': '\\a', '\b': '\\b' }

/** Each byte in the escapes that redis-cli prints and reads. */
function escapesOf(bytes: string): string {
  let text = ''
  for (const byte of bytes) text += NAMED[byte] ?? `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`
  return text
}

/** A string in double quotes as redis-cli prints it, but that letters of valid UTF-8 stay letters. */
export function quoted(bytes: Bytes): string {
  let text = '"'
  for (const piece of shown(bytes)) text += piece.escaped ? piece.text : piece.text.replace(/["\\]/g, '\\$&')
  return `${text}"`
}

/** The bytes of a text with escapes, as `quoted` writes them (without its quotes). */
export function unescaped(text: string): Bytes {
  let bytes = ''
  let from = 0
  for (const match of text.matchAll(/\\(?:x([0-9a-fA-F]{2})|(.))/gs)) {
    bytes += utf8(text.slice(from, match.index))
    bytes +=
      match[1] === undefined ? utf8(UNNAMED[match[2]!] ?? match[2]!) : String.fromCharCode(parseInt(match[1], 16))
    from = match.index + match[0].length
  }
  return (bytes + utf8(text.slice(from))) as Bytes
}

const UNNAMED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' }
