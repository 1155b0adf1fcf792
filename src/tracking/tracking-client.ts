/** A client as client-side caching needs to know it, and how its keys are tracked. */

export interface TrackingState {
  /** Id of the client that gets the invalidations; 0: the client itself. */
  redirect: number
  /** That client is gone, which was noticed when it should have been told something. */
  redirectBroken: boolean
  /** Hears of all keys with its prefixes, read or not. */
  broadcast: boolean
  /** Only what is read right behind CLIENT CACHING YES is tracked. */
  optIn: boolean
  /** What is read right behind CLIENT CACHING NO is not tracked. */
  optOut: boolean
  /** Does not hear of its own changes. */
  noLoop: boolean
  /** CLIENT CACHING was called: it holds for the next command or transaction. */
  caching: boolean
  /** Of the broadcasts, one character a byte. */
  readonly prefixes: Set<string>
}

export interface TrackingClient {
  readonly id: number
  /** Protocol version: 3 gets pushes; 2 gets messages of pub/sub, and only what another client redirects to it. */
  readonly resp: number
  readonly subscriptions: { readonly total: number }
  /** It is about to go, and counts as gone. */
  readonly closing: boolean
  /** Null: nothing is tracked for it. */
  tracking: TrackingState | null
  /** Takes RESP bytes, which nobody changes any more, to be sent behind the reply under way. */
  deliver(message: Buffer): void
}
