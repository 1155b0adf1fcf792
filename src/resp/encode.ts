/** RESP bytes for what is sent beside the replies: pub/sub messages, invalidations, MONITOR. */

/**
 * An array ('*') or push ('>') of bulk strings. Texts are one character a byte.
 *
 * @example encodeBulks('>', ['message', 'news', Buffer.from('hello')])
 */
export function encodeBulks(type: '*' | '>', parts: readonly (string | Uint8Array)[]): Buffer {
  let size = 16
  for (const part of parts) size += part.length + 24
  const buffer = Buffer.allocUnsafe(size)
  let at = buffer.write(`${type}${parts.length}\r\n`, 0, 'latin1')
  for (const part of parts) {
    at += buffer.write(`$${part.length}\r\n`, at, 'latin1')
    if (typeof part === 'string') at += buffer.write(part, at, 'latin1')
    else {
      buffer.set(part, at)
      at += part.length
    }
    buffer[at++] = 13
    buffer[at++] = 10
  }
  return buffer.subarray(0, at)
}

/** What precedes the `bytes` of a text and a line end: a verbatim string of format txt in RESP3, a bulk string in RESP2. */
export function encodeVerbatimHeader(resp: number, bytes: number): Buffer {
  return Buffer.from(resp === 3 ? `=${bytes + 4}\r\ntxt:` : `$${bytes}\r\n`, 'latin1')
}
