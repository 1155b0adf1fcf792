import { type Bytes, utf8 } from '../server/bytes.js'

/** A pattern for SCAN's MATCH that takes these bytes as they are. */
export function literal(bytes: Bytes): Bytes {
  return bytes.replace(/[*?[\]\\^]/g, '\\$&') as Bytes
}

/** A pattern as somebody types it, for MATCH; `\\xff` is that byte. */
export function patternBytes(text: string): Bytes {
  return utf8(text).replace(/\\x([0-9a-fA-F]{2})/g, (_, hex: string) =>
    literal(String.fromCharCode(parseInt(hex, 16)) as Bytes),
  ) as Bytes
}
