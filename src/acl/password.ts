/** Passwords, which are kept as their SHA-256 only: 64 hexadecimal digits. */
import { createHash, timingSafeEqual } from 'node:crypto'

export function hashPassword(password: Uint8Array): string {
  return createHash('sha256').update(password).digest('hex')
}

/** Whether the text is such a hash: digits and lower case letters. */
export function isPasswordHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}

/** Whether two hashes are the same; the time it takes tells nothing about where they differ. */
export function sameHash(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))
}
