/** What a change of users means for the clients that are connected. */
import { type ChannelRights, channelRights, coversSubscriptions, wereNarrowed } from '../../acl/revoked.js'
import type { User } from '../../acl/user.js'
import type { Client } from '../client.js'
import type { ServerApi } from '../server-api.js'

/** To be called when any user's rules have changed. */
export function rulesChanged(server: ServerApi): void {
  for (const client of server.clients.values()) client.updateChecks()
}

/** Closes the connections of users that are gone; `current` is the client being served. */
export function disconnectUsers(server: ServerApi, gone: readonly User[], current: Client): void {
  const users = new Set(gone)
  const victims = [...server.clients.values()].filter(({ user }) => user !== null && users.has(user))
  for (const client of victims) {
    // Whatever is still to come of it must not run with rights that are no more.
    client.user = server.acl.defaultUser
    client.authenticated = false
    client.updateChecks()
  }
  server.disconnect(victims, current)
}

/** Closes the connections of subscribers to channels that their user had rights to `before`, and has no more. */
export function disconnectSubscribers(server: ServerApi, user: User, before: ChannelRights, current: Client): void {
  const rights = channelRights(user)
  if (!wereNarrowed(before, rights)) return
  const victims = [...server.clients.values()].filter(client => {
    if (client.user !== user || client.isReplica) return false
    const { channels, patterns, shardChannels } = client.subscriptions
    return !coversSubscriptions(rights, [...channels, ...shardChannels], patterns)
  })
  server.disconnect(victims, current)
}
