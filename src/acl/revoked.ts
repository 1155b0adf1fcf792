/** Subscriptions that a change of rules takes away. Source of behaviour: ACLKillPubsubClientsIfNeeded in Redis's acl.c. */
import type { Pattern } from './selector.js'
import type { User } from './user.js'

/** The channels of all of a user's selectors together. */
export interface ChannelRights {
  readonly all: boolean
  readonly patterns: readonly Pattern[]
}

export function channelRights(user: User): ChannelRights {
  return {
    all: user.selectors.some(selector => selector.allChannels),
    patterns: user.selectors.flatMap(selector => selector.channels),
  }
}

/** Whether `after` lacks something that `before` has, going by the texts of the patterns. */
export function wereNarrowed(before: ChannelRights, after: ChannelRights): boolean {
  if (after.all) return false
  if (before.all) return true
  const kept = new Set(after.patterns.map(({ text }) => text))
  return before.patterns.some(({ text }) => !kept.has(text))
}

/** Whether one may stay subscribed to all of these. A pattern may be kept only where it is allowed as it stands. */
export function coversSubscriptions(
  rights: ChannelRights,
  channels: Iterable<string>,
  patterns: Iterable<string>,
): boolean {
  if (rights.all) return true
  for (const pattern of patterns) if (!rights.patterns.some(({ text }) => text === pattern)) return false
  for (const channel of channels) {
    const bytes = Buffer.from(channel, 'latin1')
    if (!rights.patterns.some(({ glob }) => glob.matches(bytes, 0, bytes.length))) return false
  }
  return true
}
