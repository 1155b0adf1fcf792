/** Who a client is: `requirepass` is the password of the user "default", the only one there is. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Config } from '../config/config.js'
import type { Client } from './client.js'

export const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.'

/** Whether clients have to authenticate. */
export function defaultUserHasPassword(config: Config): boolean {
  return config.values.requirepass !== ''
}

/** Logs the client in; false, with the client as it was, when user or password is wrong. Without `requirepass` any password is right. */
export function authenticate(config: Config, client: Client, username: string, password: Uint8Array): boolean {
  if (username !== 'default') return false
  const wanted = config.values.requirepass
  if (wanted !== '' && !samePassword(Buffer.from(wanted, 'latin1'), password)) return false
  client.authenticated = true
  client.user = 'default'
  client.updateChecks()
  return true
}

/** Compares digests of equal length, so that the time taken tells nothing about the password. */
function samePassword(wanted: Uint8Array, given: Uint8Array): boolean {
  return timingSafeEqual(sha256(wanted), sha256(given))
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
