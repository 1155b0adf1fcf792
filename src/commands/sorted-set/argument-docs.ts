/** Arguments that several sorted set commands have, as COMMAND DOCS describes them. */
import type { ArgumentDoc } from '../spec.js'

export const KEY: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 0 }
export const KEYS: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 0, multiple: true }
export const NUMKEYS: ArgumentDoc = { name: 'numkeys', type: 'integer' }
export const MEMBER: ArgumentDoc = { name: 'member', type: 'string' }
export const MEMBERS: ArgumentDoc = { name: 'member', type: 'string', multiple: true }

export const WITHSCORES: ArgumentDoc = {
  name: 'withscores',
  type: 'pure-token',
  token: 'WITHSCORES',
  optional: true,
}

const OFFSET_AND_COUNT: readonly ArgumentDoc[] = [
  { name: 'offset', type: 'integer' },
  { name: 'count', type: 'integer' },
]
export const LIMIT: ArgumentDoc = {
  name: 'limit',
  type: 'block',
  token: 'LIMIT',
  optional: true,
  arguments: OFFSET_AND_COUNT,
}

/** Options of ZRANGE that came with 6.2, and of ZRANGESTORE. */
export function rangeOptions(since: { since: string } | object): readonly ArgumentDoc[] {
  return [
    {
      name: 'sortby',
      type: 'oneof',
      ...since,
      optional: true,
      arguments: [
        { name: 'byscore', type: 'pure-token', token: 'BYSCORE' },
        { name: 'bylex', type: 'pure-token', token: 'BYLEX' },
      ],
    },
    { name: 'rev', type: 'pure-token', token: 'REV', ...since, optional: true },
    { ...LIMIT, ...since },
  ]
}

export const WHERE: ArgumentDoc = {
  name: 'where',
  type: 'oneof',
  arguments: [
    { name: 'min', type: 'pure-token', token: 'MIN' },
    { name: 'max', type: 'pure-token', token: 'MAX' },
  ],
}

export const COUNT: ArgumentDoc = { name: 'count', type: 'integer', token: 'COUNT', optional: true }

export const WEIGHTS_AND_AGGREGATE: readonly ArgumentDoc[] = [
  { name: 'weight', type: 'integer', token: 'WEIGHTS', optional: true, multiple: true },
  {
    name: 'aggregate',
    type: 'oneof',
    token: 'AGGREGATE',
    optional: true,
    arguments: [
      { name: 'sum', type: 'pure-token', token: 'SUM' },
      { name: 'min', type: 'pure-token', token: 'MIN' },
      { name: 'max', type: 'pure-token', token: 'MAX' },
    ],
  },
]
