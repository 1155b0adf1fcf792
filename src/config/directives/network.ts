import { type DirectiveTable, IMMUTABLE, IMPLEMENTED, MULTI_ARG, SENSITIVE, VOLATILE } from '../directive.js'
import { addresses } from '../kinds/lists.js'
import { INT_MAX, INT64_MAX, integer, milliseconds, octal, seconds, UINT_MAX } from '../kinds/numbers.js'
import { unavailable } from '../kinds/unavailable.js'
import { bool, oneOf, optionalBytes, optionalText } from '../kinds/words.js'

const TRUST = ['no', 'yes', 'local'] as const

/** Sockets, clients at the door, and what a client may do without being asked twice. */
export const network = {
  bind: addresses(['*', '-::*'], MULTI_ARG | IMPLEMENTED),
  'bind-source-addr': optionalText(IMPLEMENTED),
  port: integer(6379, 0, 65535, IMPLEMENTED),
  unixsocket: optionalText(IMMUTABLE | IMPLEMENTED),
  unixsocketperm: octal(0, 0, 0o777, IMMUTABLE | IMPLEMENTED),
  'tcp-backlog': integer(511, 0, INT_MAX, IMMUTABLE | IMPLEMENTED),
  timeout: seconds(0, 0, INT_MAX, IMPLEMENTED),
  'tcp-keepalive': seconds(300, 0, INT_MAX, IMPLEMENTED),
  'socket-mark-id': integer(0, 0, UINT_MAX, IMMUTABLE),
  'protected-mode': bool(true, IMPLEMENTED),
  maxclients: integer(10000, 1, UINT_MAX, IMPLEMENTED),
  requirepass: optionalBytes(SENSITIVE | IMPLEMENTED),
  'enable-protected-configs': oneOf(TRUST, 'no', IMMUTABLE | IMPLEMENTED),
  'enable-debug-command': oneOf(TRUST, 'no', IMMUTABLE | IMPLEMENTED),
  'enable-module-command': oneOf(TRUST, 'no', IMMUTABLE | IMPLEMENTED),
  'io-threads': integer(1, 1, 128, IMMUTABLE),
  'io-threads-do-reads': bool(false, IMMUTABLE),
  'busy-reply-threshold': milliseconds(5000, 0, INT64_MAX, IMPLEMENTED, 'lua-time-limit'),
} satisfies DirectiveTable

const NO_TLS = 'redis-ts does not speak TLS: let a TLS proxy such as stunnel or HAProxy do so'

/** Nobody must take a plain connection for a private one: what turns TLS on is refused. The rest then means nothing. */
export const tls = {
  'tls-port': unavailable(integer(0, 0, 65535), NO_TLS),
  'tls-cert-file': optionalText(VOLATILE),
  'tls-key-file': optionalText(VOLATILE),
  'tls-key-file-pass': optionalText(),
  'tls-client-cert-file': optionalText(VOLATILE),
  'tls-client-key-file': optionalText(VOLATILE),
  'tls-client-key-file-pass': optionalText(),
  'tls-dh-params-file': optionalText(VOLATILE),
  'tls-ca-cert-file': optionalText(VOLATILE),
  'tls-ca-cert-dir': optionalText(VOLATILE),
  'tls-auth-clients': oneOf(['no', 'yes', 'optional'], 'yes'),
  'tls-replication': unavailable(bool(false), NO_TLS),
  'tls-cluster': unavailable(bool(false), NO_TLS),
  'tls-protocols': optionalText(),
  'tls-ciphers': optionalText(),
  'tls-ciphersuites': optionalText(),
  'tls-prefer-server-ciphers': bool(false),
  'tls-session-caching': bool(true),
  'tls-session-cache-size': integer(20480, 0, INT_MAX),
  'tls-session-cache-timeout': seconds(300, 0, INT_MAX),
} satisfies DirectiveTable
