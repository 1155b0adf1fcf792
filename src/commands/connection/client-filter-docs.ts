/** The filters of CLIENT KILL and LIST as COMMAND DOCS tells them. */
import type { ArgumentDoc } from '../spec.js'

const ADDRESS = { type: 'string', displayText: 'ip:port', optional: true } as const

/** The kinds of clients that NOT-TYPE takes. */
const TYPES: readonly ArgumentDoc[] = [
  { name: 'normal', type: 'pure-token', token: 'NORMAL' },
  { name: 'master', type: 'pure-token', token: 'MASTER' },
  { name: 'primary', type: 'pure-token', token: 'PRIMARY' },
  { name: 'slave', type: 'pure-token', token: 'SLAVE' },
  { name: 'replica', type: 'pure-token', token: 'REPLICA' },
  { name: 'pubsub', type: 'pure-token', token: 'PUBSUB' },
]

export const SKIPME: ArgumentDoc = {
  name: 'skipme',
  type: 'oneof',
  token: 'SKIPME',
  optional: true,
  arguments: [
    { name: 'yes', type: 'pure-token', token: 'YES' },
    { name: 'no', type: 'pure-token', token: 'NO' },
  ],
}

/** What CLIENT KILL knew first. */
export const FILTERS_OF_8_1: readonly ArgumentDoc[] = [
  { name: 'username', type: 'string', token: 'USER', optional: true, since: '8.1.0' },
  { name: 'addr', token: 'ADDR', ...ADDRESS, since: '8.1.0' },
  { name: 'laddr', token: 'LADDR', ...ADDRESS, since: '8.1.0' },
  { ...SKIPME, since: '8.1.0' },
  { name: 'maxage', type: 'integer', token: 'MAXAGE', optional: true, since: '8.1.0' },
]

export const FILTERS_OF_9_0: readonly ArgumentDoc[] = [
  later('name', 'string'),
  later('idle', 'integer'),
  later('flags', 'string'),
  later('lib-name', 'string'),
  later('lib-ver', 'string'),
  later('db', 'integer'),
  later('capa', 'string'),
  later('ip', 'string'),
  { name: 'not-client-type', type: 'oneof', token: 'NOT-TYPE', optional: true, since: '9.0.0', arguments: TYPES },
  { name: 'not-client-id', type: 'integer', token: 'NOT-ID', optional: true, multiple: true, since: '9.0.0' },
  { name: 'not-username', type: 'string', token: 'NOT-USER', optional: true, since: '9.0.0' },
  { name: 'not-addr', token: 'NOT-ADDR', ...ADDRESS, since: '9.0.0' },
  { name: 'not-laddr', token: 'NOT-LADDR', ...ADDRESS, since: '9.0.0' },
  later('not-name', 'string'),
  later('not-flags', 'string'),
  later('not-lib-name', 'string'),
  later('not-lib-ver', 'string'),
  later('not-db', 'integer'),
  later('not-capa', 'string'),
  later('not-ip', 'string'),
]

function later(name: string, type: 'string' | 'integer'): ArgumentDoc {
  return { name, type, token: name.toUpperCase(), optional: true, since: '9.0.0' }
}
