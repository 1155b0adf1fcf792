import { type DirectiveTable, IMMUTABLE, IMPLEMENTED, MULTI_ARG } from '../directive.js'
import { keyspaceEvents } from '../keyspace-events.js'
import { percentiles } from '../kinds/lists.js'
import { INT64_MAX, integer, milliseconds } from '../kinds/numbers.js'
import { bool, oneOf, text } from '../kinds/words.js'

/** The slow log, latency, keyspace events and the access list. */
export const observability = {
  'slowlog-log-slower-than': integer(10000, -1, INT64_MAX, IMPLEMENTED, null, 'microseconds'),
  'slowlog-max-len': integer(128, 0, INT64_MAX, IMPLEMENTED),
  'latency-monitor-threshold': milliseconds(0, 0, INT64_MAX, IMPLEMENTED),
  'latency-tracking': bool(true, IMPLEMENTED),
  'latency-tracking-info-percentiles': percentiles([50, 99, 99.9], MULTI_ARG | IMPLEMENTED),
  'notify-keyspace-events': keyspaceEvents(IMPLEMENTED),
  aclfile: text('', IMMUTABLE | IMPLEMENTED),
  'acllog-max-len': integer(128, 0, INT64_MAX, IMPLEMENTED),
  'acl-pubsub-default': oneOf(['allchannels', 'resetchannels'], 'resetchannels', IMPLEMENTED),
} satisfies DirectiveTable
