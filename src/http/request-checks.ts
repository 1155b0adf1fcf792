/**
 * Which requests come from where they should. A browser sends what any page tells it to, also to this server: by a name that the page's
 * owner points at it (DNS rebinding), or across origins. Source: the Fetch standard, and Fetch Metadata.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

/** Whether the request is for this server: its Host is an address, `localhost`, or one of the names that are listened on. */
export function isForThisServer({ host }: IncomingHttpHeaders, bind: readonly string[]): boolean {
  const name = hostName(host ?? '')
  if (name === null) return false
  if (isIP(name) !== 0 || name === 'localhost') return true
  return bind.some(given => (given.startsWith('-') ? given.slice(1) : given).toLowerCase() === name)
}

/** Without port and brackets, in lower case; null for what is no host. */
function hostName(host: string): string | null {
  const [, name] = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(host) ?? []
  return name === undefined ? null : name.replace(/^\[|\]$/g, '').toLowerCase()
}

/** Whether no other site's page has sent it, but for a link that somebody has followed. Programs say nothing of a page. */
export function isFromOwnPage(headers: IncomingHttpHeaders): boolean {
  const { host, origin } = headers
  if (origin !== undefined && origin.replace(/^https?:\/\//, '') !== host) return false
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return true
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
}

/** Whether the body says that it is JSON: what a page of another site cannot send without asking first, which is never granted. */
export function isJson(headers: IncomingHttpHeaders): boolean {
  return /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}
