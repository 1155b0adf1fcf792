/** Streams in the three forms that RDB has for them, put together byte by byte. */
import { describe, expect, test } from 'vitest'
import { RdbError } from '../../../src/rdb/error.js'
import { streamOf } from '../../../src/types/stream/stream-kind.js'
import { cat, file, length, length64, type Part, str } from '../../persistence/rdb/bytes.js'
import { load } from '../../persistence/rdb/keyspace.js'
import { type Description, describeStream } from './model.js'

/** Redis 5 and 6, 7.0, and 7.2. */
const FORMS = [15, 19, 21]
const KEY = Buffer.from('k')

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(value)
  return bytes
}

function id(ms: bigint, seq: bigint): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeBigUInt64BE(ms, 0)
  bytes.writeBigUInt64BE(seq, 8)
  return bytes
}

/** A listpack of integers of up to 127, and strings of up to 63 bytes. */
function listpack(...values: (string | number)[]): Buffer {
  const elements = values.map(value => {
    const bytes = typeof value === 'number' ? Buffer.of(value) : cat(0x80 | value.length, value)
    return cat(bytes, bytes.length)
  })
  const body = cat(...elements)
  const head = Buffer.alloc(6)
  head.writeUInt32LE(body.length + 7)
  head.writeUInt16LE(values.length, 4)
  return cat(head, body, 0xff)
}

/** Two entries, 5-1 and 6-1, and a deleted one between them. */
const NODE = listpack(2, 1, 1, 'f', 0, 2, 0, 0, 'a', 4, 3, 0, 1, 'b', 4, 0, 1, 0, 1, 'g', 'c', 6)
const TIME = 1_700_000_000_123n

interface Parts {
  node?: Buffer
  count?: number
  pending?: Buffer[]
  consumers?: Buffer[]
}

function bytesOf(type: number, { consumers, count = 2, node = NODE, pending }: Parts = {}): Part[] {
  const later = type > 15
  const delivered = pending ?? [cat(id(5n, 1n), u64(TIME), length(3)), cat(id(6n, 1n), u64(TIME + 1n), length(1))]
  const consumer = (name: string, ...ids: Buffer[]): Buffer =>
    cat(str(name), u64(TIME + 5n), ...(type === 21 ? [u64(-1n)] : []), length(ids.length), ...ids)
  const all = consumers ?? [consumer('c', id(5n, 1n), id(6n, 1n)), consumer('nobody')]
  return [
    type,
    str('k'),
    ...[length(1), str(id(5n, 1n)), str(node)],
    ...[length(count), length(7), length64(2n ** 63n)],
    ...(later ? [length(5), length(1), length(5), length(2), length64(9n)] : []),
    ...[length(1), str('g'), length(6), length(1), ...(later ? [length64(2n ** 64n - 1n)] : [])],
    ...[length(delivered.length), ...delivered],
    ...[length(all.length), ...all],
  ]
}

describe.each(FORMS)('type %d', type => {
  test('is read', () => {
    const { keyspace } = load(file(10, ...bytesOf(type)))
    const [database] = keyspace.databases
    const stream = streamOf(keyspace, database.findAny(KEY, 0, KEY.length))
    const later = type > 15
    const wanted: Description = {
      length: 2,
      added: later ? 9 : 2,
      ids: ['5-1', '7-9223372036854775808', later ? '5-2' : '0-0'],
      nodes: [
        [
          '5-1',
          { id: '5-1', texts: ['f', 'a'], deleted: false },
          { id: '5-2', texts: ['f', 'b'], deleted: true },
          { id: '6-1', texts: ['g', 'c'], deleted: false },
        ],
      ],
      groups: [
        [
          'g',
          '6-1',
          -1,
          [
            ['c', Number(TIME) + 5, ['5-1', '6-1']],
            ['nobody', Number(TIME) + 5, []],
          ],
          [
            { id: '5-1', consumer: 'c', timeMs: Number(TIME), count: 3 },
            { id: '6-1', consumer: 'c', timeMs: Number(TIME) + 1, count: 1 },
          ],
        ],
      ],
    }
    expect(describeStream(stream)).toEqual(wanted)
    const active = [...(stream.groups.get('g')?.eachConsumer() ?? [])].map(({ activeTimeMs }) => activeTimeMs)
    expect(active).toEqual(type === 21 ? [-1, -1] : [Number(TIME) + 5, Number(TIME) + 5])
  })

  test.each<[string, Parts]>([
    ['a length that is not that of its nodes', { count: 3 }],
    ['a node that counts wrongly', { node: listpack(2, 0, 1, 'f', 0, 2, 0, 0, 'a', 4) }],
    ['a deleted entry that is not counted', { node: listpack(2, 0, 1, 'f', 0, 2, 0, 0, 'a', 4, 3, 0, 1, 'b', 4) }],
    ['an entry without an end', { node: listpack(2, 0, 1, 'f', 0, 2, 0, 0, 'a', 4, 2, 1, 0, 'b') }],
    ['an entry that says it has other elements', { node: listpack(2, 0, 1, 'f', 0, 2, 0, 0, 'a', 4, 2, 1, 0, 'b', 5) }],
    ['an ID that is no number', { node: listpack(2, 0, 1, 'f', 0, 2, 'x', 0, 'a', 4, 2, 1, 0, 'b', 4) }],
    ['more fields than there are', { node: listpack(2, 0, 99, 'f', 0) }],
    ['no master entry', { node: listpack() }],
    ['something behind the last entry', { node: listpack(2, 0, 1, 'f', 0, 2, 0, 0, 'a', 4, 2, 1, 0, 'b', 4, 1) }],
    ['what is pending with nobody', { consumers: [] }],
    ['what is pending twice', { pending: [1, 2].map(() => cat(id(5n, 1n), u64(TIME), length(3))) }],
  ])('is refused with %s', (_, parts) => {
    expect(() => load(file(10, ...bytesOf(type, parts)))).toThrow(RdbError)
  })
})
