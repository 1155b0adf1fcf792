import { type Bytes, type Shown, shown, textOf } from '../../server/bytes.js'

/** A part of a value: where it begins there, and how long the whole is. */
export interface Window {
  bytes: Bytes
  from: number
  length: number
}

/** Up to here a value is shown at once, so that JSON can be told; then a window of it. */
export const WHOLE_BYTES = 512 * 1024
export const WINDOW_BYTES = 64 * 1024

/** The text of a part, lines kept as lines. A character that the part's ends have cut is left to its neighbours. */
export function textOfWindow({ bytes, from, length }: Window): Shown[] {
  const whole = bytes.slice(
    from === 0 ? 0 : cutAtStart(bytes),
    from + bytes.length >= length ? bytes.length : bytes.length - cutAtEnd(bytes),
  ) as Bytes
  const all = textOf(whole) === null ? bytes : whole
  return all.split('\n').flatMap((line, i): Shown[] => {
    const pieces = shown(line as Bytes)
    return i === 0 ? pieces : [{ text: '\n', escaped: false }, ...pieces]
  })
}

/** How many bytes at the start belong to a character before it. */
function cutAtStart(bytes: Bytes): number {
  let cut = 0
  while (cut < 3 && isContinuation(bytes.charCodeAt(cut))) cut++
  return cut
}

/** How many bytes at the end begin a character that is not whole. */
function cutAtEnd(bytes: Bytes): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes.charCodeAt(bytes.length - back)
    if (isContinuation(byte)) continue
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return size > back ? back : 0
  }
  return 0
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte < 0xc0
}

/** A line of a hex dump. */
export interface HexLine {
  at: number
  hex: string
  ascii: string
}

const LINE_BYTES = 16

export function hexLines({ bytes, from }: Window): HexLine[] {
  const lines: HexLine[] = []
  for (let i = 0; i < bytes.length; i += LINE_BYTES) {
    const line = bytes.slice(i, i + LINE_BYTES)
    const hex = Array.from(line, byte => byte.charCodeAt(0).toString(16).padStart(2, '0'))
    lines.push({
      at: from + i,
      hex: `${hex.slice(0, 8).join(' ')}  ${hex.slice(8).join(' ')}`,
      ascii: line.replace(/[^\x20-\x7e]/g, '.'),
    })
  }
  return lines
}
