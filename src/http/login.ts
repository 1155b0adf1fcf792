/** Who asks: the users of ACL, by HTTP's Basic scheme. Cookies are never looked at: a browser would send them for any page. */
import type { IncomingMessage } from 'node:http'
import { DEFAULT_USER, type User } from '../acl/user.js'
import { dryRun } from '../commands/acl/check.js'
import type { ServerApi } from '../commands/server-api.js'
import { joinAddress } from '../network/stream-handle.js'
import { requestFromArguments } from '../resp/request.js'

const COLON = 58

export interface Visitor {
  readonly user: User
  /** Has not logged in: as the default user it may stay while that is open to everyone. */
  readonly isAnonymous: boolean
}

/** Whom the request logs in as. Null: it may do nothing. */
export function visitorOf(server: ServerApi, request: IncomingMessage): Visitor | null {
  const { authorization } = request.headers
  const { defaultUser } = server.acl
  if (authorization === undefined) return defaultUser.isOpen ? { user: defaultUser, isAnonymous: true } : null
  const login = readBasic(authorization)
  if (login === null) return null
  const user = server.acl.authenticate(login.name, login.password)
  if (user === null) noteFailure(server, request, login.name)
  return user === null ? null : { user, isAnonymous: false }
}

/** A name of one character a byte, and a password. No name is the default user's, as AUTH with a password only. */
function readBasic(authorization: string): { name: string; password: Buffer } | null {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? []
  if (encoded === undefined) return null
  const bytes = Buffer.from(encoded, 'base64')
  const colon = bytes.indexOf(COLON)
  if (colon < 0) return null
  const name = bytes.toString('latin1', 0, colon)
  return { name: name === '' ? DEFAULT_USER : name, password: bytes.subarray(colon + 1) }
}

function noteFailure({ acl, config, keyspace }: ServerApi, { socket }: IncomingMessage, username: string): void {
  const clientInfo = `addr=${joinAddress(socket.remoteAddress, socket.remotePort)} lib-name=redis-ts-http`
  acl.log.add(
    { reason: 'auth', context: 'toplevel', object: 'http', username, clientInfo },
    keyspace.time.now(),
    config.values['acllog-max-len'],
  )
}

/** Whether the user may run a command, given by its words in lower case, which begin with the names of command and subcommand. */
export function mayRun(server: ServerApi, user: User, ...words: string[]): boolean {
  const [name, subcommand] = words
  const command = server.commands.byOriginalFullName(subcommand === undefined ? name : `${name}|${subcommand}`)
  const args = requestFromArguments(words.map(word => Buffer.from(word, 'latin1')))
  return command !== null && dryRun(user, command, args, 0) === null
}

/** Whether somebody who was let in may stay: the user is still there and on. */
export function isStillWelcome({ acl }: ServerApi, { isAnonymous, user }: Visitor): boolean {
  return isAnonymous ? user.isOpen : acl.get(user.name) === user && user.enabled
}
