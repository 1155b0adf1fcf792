/** Logging in, by AUTH and HELLO. */
import { logDenial } from '../acl/log.js'
import type { CommandContext } from '../context.js'

export const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.'

/** Logs the client in. False when user or password is wrong: the client is then as it was, and the security log says so. */
export function authenticate(ctx: CommandContext, username: string, password: Uint8Array): boolean {
  const { args, client, server } = ctx
  const user = server.acl.authenticate(username, password)
  if (user === null) {
    const context = client.transaction === null ? 'toplevel' : 'multi'
    logDenial(ctx, { reason: 'auth', context, object: args.latin1(0), username })
    return false
  }
  client.user = user
  client.authenticated = true
  client.updateChecks()
  return true
}

/** Makes the client the default user, as it is on a new connection: logged in only if that needs no password. */
export function becomeDefaultUser({ client, server }: CommandContext): void {
  const { defaultUser } = server.acl
  client.user = defaultUser
  client.authenticated = defaultUser.isOpen
  client.updateChecks()
}
