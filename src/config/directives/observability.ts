import { type DirectiveTable, IMMUTABLE, IMPLEMENTED, MULTI_ARG } from '../directive.js'
import { keyspaceEvents } from '../keyspace-events.js'
import { percentiles } from '../kinds/lists.js'
import { INT64_MAX, integer, MB, milliseconds } from '../kinds/numbers.js'
import { bool, oneOf, text } from '../kinds/words.js'

/** The logs of commands (Valkey calls the slow log one of them), latency, keyspace events and the access list. */
export const observability = {
  'slowlog-log-slower-than': integer(
    10000,
    -1,
    INT64_MAX,
    IMPLEMENTED,
    'commandlog-execution-slower-than',
    'microseconds',
  ),
  'slowlog-max-len': integer(128, 0, INT64_MAX, IMPLEMENTED, 'commandlog-slow-execution-max-len'),
  'commandlog-request-larger-than': integer(MB, -1, INT64_MAX, IMPLEMENTED, null, 'bytes'),
  'commandlog-large-request-max-len': integer(128, 0, INT64_MAX, IMPLEMENTED),
  'commandlog-reply-larger-than': integer(MB, -1, INT64_MAX, IMPLEMENTED, null, 'bytes'),
  'commandlog-large-reply-max-len': integer(128, 0, INT64_MAX, IMPLEMENTED),
  'latency-monitor-threshold': milliseconds(0, 0, INT64_MAX, IMPLEMENTED),
  'latency-tracking': bool(true, IMPLEMENTED),
  'latency-tracking-info-percentiles': percentiles([50, 99, 99.9], MULTI_ARG | IMPLEMENTED),
  'notify-keyspace-events': keyspaceEvents(IMPLEMENTED),
  aclfile: text('', IMMUTABLE | IMPLEMENTED),
  'acllog-max-len': integer(128, 0, INT64_MAX, IMPLEMENTED),
  'acl-pubsub-default': oneOf(['allchannels', 'resetchannels'], 'resetchannels', IMPLEMENTED),
} satisfies DirectiveTable
