import { type DirectiveTable, HIDDEN, IMMUTABLE } from '../directive.js'
import { INT_MAX, INT64_MAX, integer, memory, milliseconds, UINT64_MAX } from '../kinds/numbers.js'
import { bool, oneOf, optionalText, text } from '../kinds/words.js'

const MAX_HOSTNAME_LENGTH = 256

/** Redis Cluster. */
export const cluster = {
  'cluster-enabled': bool(false, IMMUTABLE),
  'cluster-config-file': text('nodes.conf', IMMUTABLE),
  'cluster-node-timeout': milliseconds(15000, 0, INT64_MAX),
  'cluster-port': integer(0, 0, 65535, IMMUTABLE),
  'cluster-replica-validity-factor': integer(10, 0, INT_MAX, 0, 'cluster-slave-validity-factor'),
  'cluster-migration-barrier': integer(1, 0, INT_MAX),
  'cluster-allow-replica-migration': bool(true),
  'cluster-require-full-coverage': bool(true),
  'cluster-replica-no-failover': bool(false, 0, 'cluster-slave-no-failover'),
  'cluster-allow-reads-when-down': bool(false),
  'cluster-allow-pubsubshard-when-down': bool(true),
  'cluster-link-sendbuf-limit': memory(0, 0, UINT64_MAX),
  'cluster-announce-hostname': optionalText(0, null, checkHostname),
  'cluster-announce-human-nodename': optionalText(0, null, checkNodename),
  'cluster-preferred-endpoint-type': oneOf(['ip', 'hostname', 'unknown-endpoint'], 'ip'),
  'cluster-announce-ip': optionalText(),
  'cluster-announce-port': integer(0, 0, 65535),
  'cluster-announce-tls-port': integer(0, 0, 65535),
  'cluster-announce-bus-port': integer(0, 0, 65535),
  'cluster-ping-interval': milliseconds(0, 0, INT64_MAX, HIDDEN),
} satisfies DirectiveTable

function checkHostname(name: string): string | null {
  if (name.length >= MAX_HOSTNAME_LENGTH) return `Hostnames must be less than ${MAX_HOSTNAME_LENGTH} characters`
  return /^[A-Za-z0-9.-]*$/.test(name) ? null : 'Hostnames may only contain alphanumeric characters, hyphens or dots'
}

/** These separate the fields of nodes.conf. */
function checkNodename(name: string): string | null {
  return /[!#$%&()*+:;<>?@[\]^{|}~]/.test(name) ? 'Announced human node name contained invalid character' : null
}
