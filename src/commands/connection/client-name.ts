/** Names that clients give themselves. CLIENT LIST is split at blanks, so a name holds none. */
import type { Client } from '../client.js'

/** Whether the text (one character a byte) consists of printable ASCII without blanks; the empty one does. */
export function isPlainWord(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i)
    if (byte < 0x21 || byte > 0x7e) return false
  }
  return true
}

/** Redis's error for a name that cannot be one, or null. */
export function invalidClientName(name: string): string | null {
  return isPlainWord(name) ? null : 'ERR Client names cannot contain spaces, newlines or special characters.'
}

/** Sets a valid name; '' takes the name away. */
export function setClientName(client: Client, name: string): void {
  client.name = name
}
