/** What is wrong with a stream's RDB bytes, and would go on being wrong in memory, is refused where they are read. */
import { describe, expect, test } from 'vitest'
import { cat, file, length, length64, type Part, str } from '../../persistence/rdb/bytes.js'
import { load } from '../../persistence/rdb/keyspace.js'
import { contentsOfStream, openStream, type StreamContents } from './contents.js'
import { entry, facts, idBytes, items, node, STREAM_LISTPACKS_2, STREAM_LISTPACKS_3, time } from './rdb-bytes.js'

const KEY = Buffer.from('k')

function streamOf(type: number, ...parts: Part[]): StreamContents {
  const { keyspace } = load(file(10, type, str('k'), ...parts))
  return contentsOfStream(openStream(keyspace.databases[0], KEY))
}

describe('entries lie in the order of their IDs', () => {
  const two = (first: Buffer, second: Buffer, lastId: [number, number]): StreamContents =>
    streamOf(STREAM_LISTPACKS_2, items(first, second), facts({ length: 4, lastId, added: 4 }), length(0))
  const first = node(5, 1, 2, 0, entry(0, 0), entry(1, 0))

  test('and then they are read', () => {
    const { entries } = two(first, node(6, 2, 2, 0, entry(0, 0), entry(0, 1)), [6, 3])
    expect(entries.map(([id]) => id)).toEqual(['5-1', '6-1', '6-2', '6-3'])
  })

  test('but for deleted ones, before which XSETID of Redis 7.0 could go back', () => {
    const deleted = entry(3, 0, 'v', 3)
    const { entries } = two(first, node(7, 0, 2, 1, entry(0, 0), deleted, entry(1, 0)), [8, 0])
    expect(entries.map(([id]) => id)).toEqual(['5-1', '6-1', '7-0', '8-0'])
  })

  test.each<[string, Buffer, [number, number], RegExp]>([
    ['an ID twice in a node', node(7, 0, 2, 0, entry(0, 0), entry(0, 0)), [7, 0], /a listpack of entries/],
    ['an ID before the one before', node(7, 0, 2, 0, entry(0, 2), entry(0, 1)), [7, 2], /a listpack of entries/],
    ["an ID before the node's", node(7, 0, 2, 0, entry(-1, 5), entry(0, 0)), [7, 0], /a listpack of entries/],
    [
      'an ID of a time that wraps',
      node(7, 0, 2, 0, entry(0, 0), entry(-8, 0)),
      [7, 0],
      /an ID from 18446744073709551615-0 on/,
    ],
    ['a node that begins within the one before', node(6, 1, 2, 0, entry(0, 0), entry(1, 0)), [7, 1], /nodes in order/],
    ['a node before the one before', node(4, 0, 2, 0, entry(0, 0), entry(0, 1)), [9, 0], /nodes in order/],
    ['a last ID before the last entry', node(7, 0, 2, 0, entry(0, 0), entry(0, 1)), [7, 0], /an ID from 7-1 on/],
    ['flags of two bytes', node(7, 0, 2, 0, entry(0, 0), entry(0, 1, 'v', 130)), [7, 1], /a listpack of entries/],
  ])('%s', (_, second, lastId, message) => {
    expect(() => two(first, second, lastId)).toThrow(message)
  })
})

describe('numbers of 64 bits become those nearest that are exact', () => {
  const INT64_MAX = 2n ** 63n - 1n
  const MOST = 2 ** 52

  function withNumbers(added: bigint, entriesRead: bigint, timeMs: bigint): StreamContents {
    const pending = items(cat(idBytes(1, 0), time(timeMs), length(1)))
    const consumer = cat(str('c'), time(timeMs), time(timeMs), items(idBytes(1, 0)))
    const group = cat(
      str('g'),
      length(1),
      length(0),
      length64(BigInt.asUintN(64, entriesRead)),
      pending,
      items(consumer),
    )
    return streamOf(
      STREAM_LISTPACKS_3,
      items(node(1, 0, 1, 0, entry(0, 0))),
      facts({ length: 1, lastId: [1, 0], firstId: [1, 0], added }),
      items(group),
    )
  }

  test.each<[bigint, bigint, bigint, number, number, number]>([
    [12n, 7n, 1_700_000_000_123n, 12, 7, 1_700_000_000_123],
    [INT64_MAX, INT64_MAX, INT64_MAX, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, MOST],
    [-INT64_MAX, -INT64_MAX, -INT64_MAX, 0, -1, -MOST],
    [5n, -1n, -1n, 5, -1, -1],
  ])('%d added, %d read, at %d', (added, read, timeMs, addedThen, readThen, timeThen) => {
    const { entriesAdded, groups } = withNumbers(added, read, timeMs)
    expect(entriesAdded).toBe(addedThen)
    expect(groups.g).toEqual({
      lastId: '1-0',
      entriesRead: readThen,
      consumers: { c: { seenTimeMs: timeThen, activeTimeMs: timeThen } },
      pending: [['1-0', 'c', timeThen, 1]],
    })
  })
})
