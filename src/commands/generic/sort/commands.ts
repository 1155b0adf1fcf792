/** SORT and SORT_RO as COMMAND shows them. */
import { findSortKeys, findSortRoKey } from '../../find-keys.js'
import {
  type ArgumentDoc,
  type CommandSpec,
  DENYOOM,
  KEY_ACCESS,
  KEY_OW,
  KEY_RO,
  KEY_UPDATE,
  type KeySpec,
  keyRange,
  READONLY,
  WRITE,
} from '../../spec.js'
import { sort } from './sort.js'

const COMPLEXITY =
  'O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).'

function foundElsewhere(flags: number, notes: string): KeySpec {
  return { flags, begin: { type: 'unknown' }, find: { type: 'unknown' }, notes }
}

const KEYS: readonly KeySpec[] = [
  keyRange(KEY_RO | KEY_ACCESS, 1),
  foundElsewhere(
    KEY_RO | KEY_ACCESS,
    "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
  ),
]

const OPTIONS: readonly ArgumentDoc[] = [
  { name: 'key', type: 'key', keySpecIndex: 0 },
  { name: 'by-pattern', type: 'pattern', token: 'BY', optional: true, displayText: 'pattern', keySpecIndex: 1 },
  {
    name: 'limit',
    type: 'block',
    token: 'LIMIT',
    optional: true,
    arguments: [
      { name: 'offset', type: 'integer' },
      { name: 'count', type: 'integer' },
    ],
  },
  {
    name: 'get-pattern',
    type: 'pattern',
    token: 'GET',
    optional: true,
    multiple: true,
    multipleToken: true,
    displayText: 'pattern',
    keySpecIndex: 1,
  },
  {
    name: 'order',
    type: 'oneof',
    optional: true,
    arguments: [
      { name: 'asc', type: 'pure-token', token: 'ASC' },
      { name: 'desc', type: 'pure-token', token: 'DESC' },
    ],
  },
  { name: 'sorting', type: 'pure-token', token: 'ALPHA', optional: true },
]

export const sortCommands: CommandSpec[] = [
  {
    name: 'sort',
    arity: -2,
    flags: WRITE | DENYOOM,
    keys: [
      ...KEYS,
      foundElsewhere(
        KEY_OW | KEY_UPDATE,
        "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array",
      ),
    ],
    findKeys: findSortKeys,
    group: 'generic',
    since: '1.0.0',
    summary: 'Sorts the elements of a list, a set or a sorted set, and shows or stores them.',
    complexity: COMPLEXITY,
    categories: ['set', 'sortedset', 'list', 'dangerous'],
    arguments: [...OPTIONS, { name: 'destination', type: 'key', token: 'STORE', optional: true, keySpecIndex: 2 }],
    run: ctx => sort(ctx, true),
  },
  {
    name: 'sort_ro',
    arity: -2,
    flags: READONLY,
    keys: KEYS,
    findKeys: findSortRoKey,
    group: 'generic',
    since: '7.0.0',
    summary: 'Sorts the elements of a list, a set or a sorted set, and shows them.',
    complexity: COMPLEXITY,
    categories: ['set', 'sortedset', 'list', 'dangerous'],
    arguments: OPTIONS,
    run: ctx => sort(ctx, false),
  },
]
