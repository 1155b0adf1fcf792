/** CLIENT TRACKING and its kin: client-side caching, as a client asks for it. Source of behaviour: Redis's networking.c. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { TrackingState } from '../../tracking/tracking-client.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from '../context.js'
import { type CommandSpec, LOADING, NOSCRIPT, STALE } from '../spec.js'

const ANYTIME = NOSCRIPT | LOADING | STALE

export const clientCaching: CommandSpec = {
  name: 'caching',
  arity: 3,
  flags: ANYTIME,
  group: 'connection',
  since: '6.0.0',
  summary: 'Says whether the keys of the next command, or transaction, are tracked.',
  complexity: 'O(1)',
  arguments: [
    {
      name: 'mode',
      type: 'oneof',
      arguments: [
        { name: 'yes', type: 'pure-token', token: 'YES' },
        { name: 'no', type: 'pure-token', token: 'NO' },
      ],
    },
  ],
  run: caching,
}

export const clientGetRedir: CommandSpec = {
  name: 'getredir',
  arity: 2,
  flags: ANYTIME,
  group: 'connection',
  since: '6.0.0',
  summary: 'Returns the client that gets the tracking invalidations of this connection, -1 without tracking.',
  complexity: 'O(1)',
  run: ({ client, reply }) => reply.integer(client.tracking?.redirect ?? -1),
}

export const clientTracking: CommandSpec = {
  name: 'tracking',
  arity: -3,
  flags: ANYTIME,
  group: 'connection',
  since: '6.0.0',
  summary: 'Turns on and off the messages that tell of changes to keys this connection may hold copies of.',
  complexity: 'O(1). Some options may introduce additional complexity.',
  arguments: [
    {
      name: 'status',
      type: 'oneof',
      arguments: [
        { name: 'on', type: 'pure-token', token: 'ON' },
        { name: 'off', type: 'pure-token', token: 'OFF' },
      ],
    },
    { name: 'client-id', type: 'integer', token: 'REDIRECT', optional: true },
    { name: 'prefix', type: 'string', token: 'PREFIX', optional: true, multiple: true, multipleToken: true },
    { name: 'bcast', type: 'pure-token', token: 'BCAST', optional: true },
    { name: 'optin', type: 'pure-token', token: 'OPTIN', optional: true },
    { name: 'optout', type: 'pure-token', token: 'OPTOUT', optional: true },
    { name: 'noloop', type: 'pure-token', token: 'NOLOOP', optional: true },
  ],
  run: tracking,
}

export const clientTrackingInfo: CommandSpec = {
  name: 'trackinginfo',
  arity: 2,
  flags: ANYTIME,
  group: 'connection',
  since: '6.2.0',
  summary: 'Describes how keys are tracked for this connection.',
  complexity: 'O(1)',
  run: trackingInfo,
}

interface Options {
  redirect: number
  broadcast: boolean
  optIn: boolean
  optOut: boolean
  noLoop: boolean
  prefixes: string[]
}

/** CLIENT TRACKING ON|OFF [REDIRECT id] [BCAST] [PREFIX prefix ...] [OPTIN] [OPTOUT] [NOLOOP]. */
function tracking(ctx: CommandContext): void {
  const { args, client, reply, server } = ctx
  const options: Options = {
    redirect: 0,
    broadcast: false,
    optIn: false,
    optOut: false,
    noLoop: false,
    prefixes: [],
  }
  let problem = parseOptions(ctx, options)
  if (problem === null && args.is(2, 'on')) {
    problem = conflict(options, client.tracking)
    if (problem === null) server.tracking.enable(client, options)
  } else if (problem === null && args.is(2, 'off')) server.tracking.disable(client)
  else problem ??= SYNTAX_ERROR
  if (problem === null) reply.ok()
  else reply.error(problem)
}

/** Reads the options into `options`; returns the error's text, or null. */
function parseOptions({ args, server }: CommandContext, options: Options): string | null {
  for (let i = 3; i < args.argc; i++) {
    const more = i + 1 < args.argc
    if (args.is(i, 'redirect') && more) {
      if (options.redirect !== 0) return 'ERR A client can only redirect to a single other client'
      const id = args.int64(++i)
      if (id === null) return NOT_AN_INTEGER
      // It may go later, but has to be there now.
      if (!server.clients.has(Number(id))) return 'ERR The client ID you want redirect to does not exist'
      options.redirect = Number(id)
    } else if (args.is(i, 'prefix') && more) options.prefixes.push(args.latin1(++i))
    else if (args.is(i, 'bcast')) options.broadcast = true
    else if (args.is(i, 'optin')) options.optIn = true
    else if (args.is(i, 'optout')) options.optOut = true
    else if (args.is(i, 'noloop')) options.noLoop = true
    else return SYNTAX_ERROR
  }
  return null
}

const NO_PREFIXES: ReadonlySet<string> = new Set()

/** What of the options does not go with the others, or with the tracking that is on already: the error's text, or null. */
function conflict(options: Options, current: TrackingState | null): string | null {
  const { broadcast, optIn, optOut, prefixes } = options
  if (!broadcast && prefixes.length > 0) return 'ERR PREFIX option requires BCAST mode to be enabled'
  if (current !== null && current.broadcast !== broadcast) {
    return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode."
  }
  if (broadcast && (optIn || optOut)) return 'ERR OPTIN and OPTOUT are not compatible with BCAST'
  if (optIn && optOut) return "ERR You can't specify both OPTIN mode and OPTOUT mode"
  if (current !== null && ((optIn && current.optOut) || (optOut && current.optIn))) {
    return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode."
  }
  return overlap(prefixes, current?.prefixes ?? NO_PREFIXES)
}

/** Two prefixes that would both report the same key: the error's text, or null. */
function overlap(prefixes: readonly string[], current: ReadonlySet<string>): string | null {
  for (const [i, prefix] of prefixes.entries()) {
    for (const other of current) {
      if (overlaps(prefix, other)) {
        return `ERR Prefix '${prefix}' overlaps with an existing prefix '${other}'. Prefixes for a single client must not overlap.`
      }
    }
    for (const other of prefixes.slice(i + 1)) {
      if (overlaps(prefix, other)) {
        return `ERR Prefix '${prefix}' overlaps with another provided prefix '${other}'. Prefixes for a single client must not overlap.`
      }
    }
  }
  return null
}

function overlaps(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a)
}

/** CLIENT CACHING YES|NO: about the next command, in the modes OPTIN and OPTOUT. */
function caching({ args, client, reply }: CommandContext): void {
  const state = client.tracking
  if (state === null) {
    reply.error(
      'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
    )
  } else if (args.is(2, 'yes')) {
    if (state.optIn) cacheNext(state, reply)
    else reply.error('ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.')
  } else if (args.is(2, 'no')) {
    if (state.optOut) cacheNext(state, reply)
    else reply.error('ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.')
  } else reply.error(SYNTAX_ERROR)
}

function cacheNext(state: TrackingState, reply: ReplyWriter): void {
  state.caching = true
  reply.ok()
}

/** CLIENT TRACKINGINFO. Map reply: flags (a set), redirect (-1 without tracking), prefixes (an array). */
function trackingInfo({ client, reply }: CommandContext): void {
  const state = client.tracking
  const flags = state === null ? ['off'] : flagsOf(state)
  reply.map(3)
  reply.bulkText('flags')
  reply.set(flags.length)
  for (const flag of flags) reply.bulkText(flag)
  reply.bulkText('redirect')
  reply.integer(state?.redirect ?? -1)
  reply.bulkText('prefixes')
  reply.bulkArray([...(state?.prefixes ?? [])].sort())
}

function flagsOf(state: TrackingState): string[] {
  const flags = ['on']
  if (state.broadcast) flags.push('bcast')
  if (state.optIn) flags.push('optin')
  if (state.optIn && state.caching) flags.push('caching-yes')
  if (state.optOut) flags.push('optout')
  if (state.optOut && state.caching) flags.push('caching-no')
  if (state.noLoop) flags.push('noloop')
  if (state.redirectBroken) flags.push('broken_redirect')
  return flags
}
