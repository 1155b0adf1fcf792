/** Arguments that several geo commands have, as COMMAND DOCS describes them. */
import type { ArgumentDoc } from '../spec.js'

export const KEY: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 0 }
export const MEMBER: ArgumentDoc = { name: 'member', type: 'string' }
export const MEMBERS: ArgumentDoc = { name: 'member', type: 'string', optional: true, multiple: true }
export const POSITION: readonly ArgumentDoc[] = [
  { name: 'longitude', type: 'double' },
  { name: 'latitude', type: 'double' },
]

function token(name: string): ArgumentDoc {
  return { name, type: 'pure-token', token: name.toUpperCase() }
}
function option(name: string): ArgumentDoc {
  return { ...token(name), optional: true }
}

export const UNIT: ArgumentDoc = { name: 'unit', type: 'oneof', arguments: ['m', 'km', 'ft', 'mi'].map(token) }
export const RADIUS: ArgumentDoc = { name: 'radius', type: 'double' }
export const CONDITION: ArgumentDoc = {
  name: 'condition',
  type: 'oneof',
  since: '6.2.0',
  optional: true,
  arguments: [token('nx'), token('xx')],
}

export const FROM: ArgumentDoc = {
  name: 'from',
  type: 'oneof',
  arguments: [
    { ...MEMBER, token: 'FROMMEMBER' },
    { name: 'fromlonlat', type: 'block', token: 'FROMLONLAT', arguments: POSITION },
  ],
}
export const BY: ArgumentDoc = {
  name: 'by',
  type: 'oneof',
  arguments: [
    { name: 'circle', type: 'block', arguments: [{ ...RADIUS, token: 'BYRADIUS' }, UNIT] },
    {
      name: 'box',
      type: 'block',
      arguments: [{ name: 'width', type: 'double', token: 'BYBOX' }, { name: 'height', type: 'double' }, UNIT],
    },
  ],
}

export const ORDER: ArgumentDoc = {
  name: 'order',
  type: 'oneof',
  optional: true,
  arguments: [token('asc'), token('desc')],
}
export function count(anySince: { since: string } | object): ArgumentDoc {
  return {
    name: 'count-block',
    type: 'block',
    optional: true,
    arguments: [
      { name: 'count', type: 'integer', token: 'COUNT' },
      { ...option('any'), ...anySince },
    ],
  }
}
export const SHOWN: readonly ArgumentDoc[] = ['withcoord', 'withdist', 'withhash'].map(option)
export const STOREDIST: ArgumentDoc = option('storedist')
export const STORE: ArgumentDoc = {
  name: 'store',
  type: 'oneof',
  optional: true,
  arguments: [
    { name: 'storekey', type: 'key', token: 'STORE', displayText: 'key', keySpecIndex: 1 },
    { name: 'storedistkey', type: 'key', token: 'STOREDIST', displayText: 'key', keySpecIndex: 2 },
  ],
}
