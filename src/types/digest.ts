/**
 * What DEBUG DIGEST is made of: SHA-1 over data whose order matters, or does not. Source: xorDigest and mixDigest in Redis's
 * debug.c.
 */
import { SHA1_WORDS, sha1, sha1Again } from '../bytes/sha1.js'

const hash = new Int32Array(SHA1_WORDS)

/** A digest that is being built. */
export class Digest {
  private readonly words = new Int32Array(SHA1_WORDS)

  get hex(): string {
    let text = ''
    for (const word of this.words) text += (word >>> 0).toString(16).padStart(8, '0')
    return text
  }

  clear(): void {
    this.words.fill(0)
  }

  /** Adds data whose order does not matter. */
  xor(bytes: Uint8Array, start = 0, end = bytes.length): void {
    sha1(hash, bytes, start, end)
    for (let i = 0; i < SHA1_WORDS; i++) this.words[i] ^= hash[i]
  }

  /** Adds a finished digest, whose order does not matter. */
  xorDigest({ words }: Digest): void {
    hash.set(words)
    sha1Again(hash)
    for (let i = 0; i < SHA1_WORDS; i++) this.words[i] ^= hash[i]
  }

  /** Adds data whose order matters. */
  mix(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.xor(bytes, start, end)
    sha1Again(this.words)
  }
}
