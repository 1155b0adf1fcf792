import { DENY_LOADING, type DirectiveTable, IMMUTABLE, IMPLEMENTED, MULTI_ARG, SENSITIVE } from '../directive.js'
import { masterAddress } from '../kinds/lists.js'
import { adjusted, INT_MAX, INT64_MAX, integer, KB, MB, memory, seconds } from '../kinds/numbers.js'
import { bool, oneOf, optionalBytes, optionalText } from '../kinds/words.js'

/** What CONFIG SET raises a smaller backlog to. A config file, as in Redis, gets what it says. */
const MIN_BACKLOG_SIZE = 16 * KB

/** Master and replica. */
export const replication = {
  replicaof: masterAddress(IMMUTABLE | MULTI_ARG | IMPLEMENTED, 'slaveof'),
  masterauth: optionalBytes(SENSITIVE | IMPLEMENTED),
  masteruser: optionalText(SENSITIVE | IMPLEMENTED),
  'replica-serve-stale-data': bool(true, IMPLEMENTED, 'slave-serve-stale-data'),
  'replica-read-only': bool(true, IMPLEMENTED, 'slave-read-only'),
  'repl-diskless-sync': bool(true, IMPLEMENTED),
  'repl-diskless-sync-delay': seconds(5, 0, INT_MAX, IMPLEMENTED),
  'repl-diskless-sync-max-replicas': integer(0, 0, INT_MAX, IMPLEMENTED),
  'repl-diskless-load': oneOf(['disabled', 'on-empty-db', 'swapdb'], 'disabled', DENY_LOADING | IMPLEMENTED),
  'repl-ping-replica-period': seconds(10, 1, INT_MAX, IMPLEMENTED, 'repl-ping-slave-period'),
  'repl-timeout': seconds(60, 1, INT_MAX, IMPLEMENTED),
  'repl-disable-tcp-nodelay': bool(false, IMPLEMENTED),
  'repl-backlog-size': adjusted(memory(MB, 1, INT64_MAX, IMPLEMENTED), (bytes, context) =>
    context.fromFile ? bytes : Math.max(bytes, MIN_BACKLOG_SIZE),
  ),
  'repl-backlog-ttl': seconds(3600, 0, INT64_MAX, IMPLEMENTED),
  'replica-priority': integer(100, 0, INT_MAX, IMPLEMENTED, 'slave-priority'),
  'replica-announced': bool(true, IMPLEMENTED),
  'replica-announce-ip': optionalText(IMPLEMENTED, 'slave-announce-ip'),
  'replica-announce-port': integer(0, 0, 65535, IMPLEMENTED, 'slave-announce-port'),
  'min-replicas-to-write': integer(0, 0, INT_MAX, IMPLEMENTED, 'min-slaves-to-write'),
  'min-replicas-max-lag': seconds(10, 0, INT_MAX, IMPLEMENTED, 'min-slaves-max-lag'),
  'replica-lazy-flush': bool(false, IMPLEMENTED, 'slave-lazy-flush'),
  'replica-ignore-maxmemory': bool(true, IMPLEMENTED, 'slave-ignore-maxmemory'),
  'replica-ignore-disk-write-errors': bool(false, IMPLEMENTED),
  'propagation-error-behavior': oneOf(['ignore', 'panic', 'panic-on-replicas'], 'ignore', IMPLEMENTED),
} satisfies DirectiveTable
