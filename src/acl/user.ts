/** A user: how to log in, and what it may do. */
import { hashPassword, sameHash } from './password.js'
import type { Selector } from './selector.js'

/** The user of connections that have not named another. It cannot be deleted. */
export const DEFAULT_USER = 'default'

export class User {
  readonly name: string
  enabled = false
  /** Any password will do. */
  noPassword = false
  /** RESTORE looks through what it is given. */
  sanitizesPayload = true
  /** Hashes of the passwords. */
  passwords: string[] = []
  /** The root selector, then those in parentheses. */
  selectors: readonly [Selector, ...Selector[]]

  constructor(name: string, root: Selector) {
    this.name = name
    this.selectors = [root]
  }

  get root(): Selector {
    return this.selectors[0]
  }

  /** Whether it needs no login at all: as the default user, it is then open to everyone. */
  get isOpen(): boolean {
    return this.enabled && this.noPassword
  }

  /** Whether nothing is forbidden to it, so that no command needs to be looked at. */
  get isUnrestricted(): boolean {
    return this.selectors.some(selector => selector.allCommands && selector.allKeys && selector.allChannels)
  }

  /** Takes over everything but the name. */
  copyFrom(other: User): void {
    this.enabled = other.enabled
    this.noPassword = other.noPassword
    this.sanitizesPayload = other.sanitizesPayload
    this.passwords = [...other.passwords]
    const [root, ...others] = other.selectors
    this.selectors = [root.copy(), ...others.map(selector => selector.copy())]
  }

  /** Whether it may log in with this password. */
  accepts(password: Uint8Array): boolean {
    if (!this.enabled) return false
    if (this.noPassword) return true
    const given = hashPassword(password)
    let found = false
    for (const hash of this.passwords) if (sameHash(hash, given)) found = true
    return found
  }
}
