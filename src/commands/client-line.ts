/** A client as one line of CLIENT LIST, CLIENT INFO and the log. Format: catClientInfoString in Redis 7.2's networking.c. */
import type { Client } from './client.js'
import { clientMemory } from './connection/client-memory.js'
import type { CommandContext } from './context.js'

export type ClientType = 'normal' | 'replica' | 'pubsub' | 'master'

/** The kinds of clients by the names that CLIENT LIST and KILL take. */
const TYPE_NAMES = new Map<string, ClientType>([
  ['normal', 'normal'],
  ['slave', 'replica'],
  ['replica', 'replica'],
  ['pubsub', 'pubsub'],
  ['master', 'master'],
  ['primary', 'master'],
])

/** The kind of client that `name` (in lower case) means. */
export function clientTypeByName(name: string): ClientType | undefined {
  return TYPE_NAMES.get(name)
}

export function clientType(client: Client): ClientType {
  if (client.isMaster) return 'master'
  if (client.isReplica) return 'replica'
  return client.subscriptions.total > 0 ? 'pubsub' : 'normal'
}

/**
 * The line without an end of line. `serving` is the context of the command being run when this client sent it, null otherwise:
 * its request counts as query buffer. Replies are put together in a buffer that all clients share: rbp is what the client has
 * lately needed of it at a time, rbs as large as Redis would make one of its own for that; neither is in tot-mem. What Valkey shows of
 * capabilities is there for clients that have some, so that other lines are those of Redis 7.2.
 */
export function clientLine(client: Client, nowMs: number, serving: CommandContext | null): string {
  const { transport } = client
  const output = transport.pendingOutputBytes
  const input = transport.pendingInputBytes
  const wire = serving === null || serving.args.wireStart < 0 ? 0 : serving.args.wireEnd - serving.args.wireStart
  const age = seconds(nowMs - client.createdMs)
  const idle = seconds(nowMs - client.lastInteractionMs)
  const { channels, patterns, shardChannels } = client.subscriptions
  const multi = client.transaction === null ? -1 : client.transaction.queue.length
  const argvBytes = serving === null ? (client.unfinished?.argumentBytes ?? 0) : serving.args.argumentBytes
  const command = client.lastCommand?.fullName ?? 'NULL'
  // One template, as a list of a thousand clients holds up others for as long as it takes.
  return (
    `id=${client.id} addr=${client.address} laddr=${transport.localAddress} fd=${transport.fd} name=${client.name}` +
    ` age=${age} idle=${idle} flags=${clientFlags(client)}${client.takesRedirects ? ' capa=r' : ''} db=${client.db.index}` +
    ` sub=${channels.size} psub=${patterns.size} ssub=${shardChannels.size} multi=${multi} qbuf=${input + wire}` +
    ` qbuf-free=${transport.freeInputBytes}` +
    ` argv-mem=${argvBytes} multi-mem=${client.transaction?.argumentBytes ?? 0}` +
    ` rbs=${transport.replyBufferBytes} rbp=${transport.replyPeakBytes} obl=${transport.replyBytes}` +
    ` oll=${transport.pendingOutputChunks} omem=${output - transport.replyBytes} tot-mem=${clientMemory(client) + wire}` +
    ` events=${output > 0 ? 'rw' : 'r'} cmd=${command} user=${client.userName} redir=${client.tracking?.redirect ?? -1}` +
    ` resp=${client.resp} lib-name=${client.libraryName} lib-ver=${client.libraryVersion}`
  )
}

/** The letters of CLIENT LIST's flags; N when there is none. */
export function clientFlags(client: Client): string {
  let flags = ''
  if (client.isReplica) flags += 'S'
  if (client.monitoring) flags += 'O'
  if (client.isMaster) flags += 'M'
  if (client.subscriptions.total > 0) flags += 'P'
  if (client.transaction !== null) flags += 'x'
  if (client.isBlocked) flags += 'b'
  if (client.tracking !== null) {
    flags += 't'
    if (client.tracking.redirectBroken) flags += 'R'
    if (client.tracking.broadcast) flags += 'B'
  }
  if (client.watchFailed) flags += 'd'
  if (client.closing) flags += 'c'
  if (client.transport.isUnixSocket) flags += 'U'
  if (client.readsReplica) flags += 'r'
  if (client.noEvict) flags += 'e'
  if (client.noTouch) flags += 'T'
  if (client.importsData) flags += 'I'
  return flags === '' ? 'N' : flags
}

function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000))
}
