/** What a client costs in memory. Source: getClientMemoryUsage in Redis's networking.c; the figures are those of this server. */
import type { Client } from '../client.js'

/** The objects behind a connection, and its socket, as measured. */
const CLIENT_BYTES = 2048
/** A watched key: the client's note of it, and the place in the database's register. */
const WATCHED_KEY_BYTES = 300
/** A subscription: the name in the client's set, and the place in the register of channels. */
const SUBSCRIPTION_BYTES = 250
/** A prefix that the client tracks: its name in two registers. */
const PREFIX_BYTES = 300
/** A queued command beside its bytes: the offsets of its arguments and the objects that hold them. */
const QUEUED_COMMAND_BYTES = 900

/** A command that waits for a key, beside its bytes: offsets, and a place in the queue for the key. */
const WAIT_BYTES = 1300

/** Bytes held for a client: its own, requests not yet executed, replies not yet read, what it watches and listens to. O(1). */
export function clientMemory({ subscriptions, tracking, transaction, transport, unfinished, watched }: Client): number {
  const queued = transaction === null ? 0 : transaction.argumentBytes + transaction.queue.length * QUEUED_COMMAND_BYTES
  return (
    CLIENT_BYTES +
    transport.memoryBytes +
    queued +
    (unfinished === null ? 0 : WAIT_BYTES + unfinished.argumentBytes) +
    (watched?.size ?? 0) * WATCHED_KEY_BYTES +
    subscriptions.total * SUBSCRIPTION_BYTES +
    (tracking?.prefixes.size ?? 0) * PREFIX_BYTES
  )
}
