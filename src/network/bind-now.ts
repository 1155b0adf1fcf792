/**
 * Binds an address at once instead of by an event: CONFIG SET port has to answer whether the port could be had. Node binds
 * its own listening sockets with the same function; where it is missing, callers fall back to `server.listen`.
 */
import net from 'node:net'
import { getSystemErrorName } from 'node:util'

/** A bound socket that `server.listen` takes. */
export interface BoundHandle {
  listen(backlog: number): number
  close(): void
}

type CreateHandle = (
  address: string,
  port: number,
  family: number,
  fd: undefined,
  flags: number,
) => BoundHandle | number

const IPV6_ONLY = 1

const createHandle = (net as typeof net & { _createServerHandle?: CreateHandle })._createServerHandle

/**
 * Binds `host`, a numeric address, and listens. Returns null where that has to be left to `server.listen`: a host name, or a
 * Node without the function. Throws an error with the system's `code`.
 */
export function bindNow(host: string, port: number, backlog: number): BoundHandle | null {
  const handle = bindOnly(host, port)
  if (handle === null) return null
  // A port in use shows only here: libuv keeps the error of bind() until then.
  const error = handle.listen(backlog)
  if (error === 0) return handle
  handle.close()
  throw systemError(error)
}

/** The same without listening: the port is taken, and connecting to it fails. Of a port in use nothing is said. */
export function bindOnly(host: string, port: number): BoundHandle | null {
  const family = familyOf(host)
  if (family === 0 || createHandle === undefined) return null
  const handle = createHandle(host, port, family, undefined, family === 6 ? IPV6_ONLY : 0)
  if (typeof handle === 'number') throw systemError(handle)
  return handle
}

/**
 * Whether `host` is an address, or a name that somebody may know. All else is refused without looking it up: digits and dots alone
 * are a wrong address, and no name has a quote, a blank or nothing in it.
 */
export function mayBeHost(host: string): boolean {
  return familyOf(host) !== 0 || (/^[a-z0-9_][a-z0-9._-]*$/i.test(host) && !/^[\d.]+$/.test(host))
}

/** net.isIP() without making its expression for IPv6, which takes 3 ms of a start, where the default addresses do without. */
function familyOf(host: string): 0 | 4 | 6 {
  if (host === '::') return 6
  if (host.includes(':')) return net.isIPv6(host) ? 6 : 0
  return net.isIPv4(host) ? 4 : 0
}

function systemError(errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(errno)
  return Object.assign(new Error(`bind ${code}`), { code, errno })
}
