/** Arguments that several stream commands have, as COMMAND DOCS describes them. */
import type { ArgumentDoc } from '../spec.js'

export const KEY: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 0 }
export const GROUP: ArgumentDoc = { name: 'group', type: 'string' }
export const CONSUMER: ArgumentDoc = { name: 'consumer', type: 'string' }
export const IDS: ArgumentDoc = { name: 'id', type: 'string', multiple: true }
export const START: ArgumentDoc = { name: 'start', type: 'string' }
export const END: ArgumentDoc = { name: 'end', type: 'string' }
export const COUNT: ArgumentDoc = { name: 'count', type: 'integer', token: 'COUNT', optional: true }
export const JUSTID: ArgumentDoc = { name: 'justid', type: 'pure-token', token: 'JUSTID', optional: true }
export const MIN_IDLE_TIME: ArgumentDoc = { name: 'min-idle-time', type: 'string' }

const STRATEGY: ArgumentDoc = {
  name: 'strategy',
  type: 'oneof',
  arguments: [
    { name: 'maxlen', type: 'pure-token', token: 'MAXLEN' },
    { name: 'minid', type: 'pure-token', token: 'MINID', since: '6.2.0' },
  ],
}
const OPERATOR: ArgumentDoc = {
  name: 'operator',
  type: 'oneof',
  optional: true,
  arguments: [
    { name: 'equal', type: 'pure-token', token: '=' },
    { name: 'approximately', type: 'pure-token', token: '~' },
  ],
}

/** How a stream is cut short. */
export const TRIM: ArgumentDoc = {
  name: 'trim',
  type: 'block',
  arguments: [
    STRATEGY,
    OPERATOR,
    { name: 'threshold', type: 'string' },
    { name: 'count', type: 'integer', token: 'LIMIT', optional: true, since: '6.2.0' },
  ],
}
