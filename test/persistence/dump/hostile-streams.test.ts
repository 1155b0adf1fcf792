/** Payloads of streams that are damaged, with a checksum that is right: refused, or a stream with which all commands get on. */
import { expect, test } from 'vitest'
import { shown } from '../../commands/blocking/scene.js'
import { RawClient, type RawReply } from '../../commands/raw-client.js'
import { startRedisTs } from '../../interop/stock.js'
import { entry, facts, items, node, STREAM_LISTPACKS_2 } from '../../types/stream/rdb-bytes.js'
import { cat, length } from '../rdb/bytes.js'
import { payload, typeAndValue } from '../rdb/payload.js'

const ROUNDS = 600
const KEY = 'damaged'

const group = (name: string, ...more: string[][]): string[][] => [['XGROUP', 'CREATE', KEY, name, '0'], ...more]
const entries = (count: number): string[][] =>
  Array.from({ length: count }, (_, i) => ['XADD', KEY, `${1000 + i}-${i % 3}`, 'field', `value ${i}`, 'n', String(i)])

/** Streams of all parts there are. */
const MODELS: [string, string[][]][] = [
  ['a node', [...entries(6), ['XDEL', KEY, '1002-2']]],
  ['nodes', [...entries(250), ['XTRIM', KEY, 'MAXLEN', '180'], ['XADD', KEY, '5000-1', 'other', 'fields']]],
  ['nothing', [...entries(2), ['XDEL', KEY, '1000-0', '1001-1']]],
  [
    'groups',
    [
      ...entries(8),
      ...group('g', ['XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '4', 'STREAMS', KEY, '>']),
      ...group('h', ['XREADGROUP', 'GROUP', 'h', 'd', 'COUNT', '2', 'STREAMS', KEY, '>']),
      ['XREADGROUP', 'GROUP', 'g', 'd', 'COUNT', '2', 'STREAMS', KEY, '>'],
      ['XGROUP', 'CREATECONSUMER', KEY, 'h', 'idle'],
      ['XDEL', KEY, '1001-1'],
    ],
  ],
]

/** All that can be asked of it, and then all that can be done to it. */
const READS: string[][] = [
  ['OBJECT', 'ENCODING', KEY],
  ['MEMORY', 'USAGE', KEY, 'SAMPLES', '0'],
  ['XLEN', KEY],
  ['XRANGE', KEY, '-', '+'],
  ['XREVRANGE', KEY, '+', '-'],
  ['XRANGE', KEY, '1003', '(1005-2', 'COUNT', '2'],
  ['XREAD', 'STREAMS', KEY, '1002'],
  ['XREAD', 'STREAMS', KEY, '0'],
  ['XINFO', 'STREAM', KEY],
  ['XINFO', 'STREAM', KEY, 'FULL', 'COUNT', '0'],
  ['XINFO', 'GROUPS', KEY],
]
const GROUP_READS: string[][] = ['g', 'h'].flatMap(name => [
  ['XINFO', 'CONSUMERS', KEY, name],
  ['XPENDING', KEY, name],
  ['XPENDING', KEY, name, '-', '+', '100'],
  ['XPENDING', KEY, name, 'IDLE', '5', '-', '+', '100', 'd'],
  ['XREADGROUP', 'GROUP', name, 'c', 'STREAMS', KEY, '0'],
])
const CHANGES: string[][] = [
  ...['g', 'h'].flatMap(name => [
    ['XREADGROUP', 'GROUP', name, 'new', 'COUNT', '3', 'STREAMS', KEY, '>'],
    ['XCLAIM', KEY, name, 'new', '0', '1000-0', '1003-0', '1004-1', 'FORCE'],
    ['XAUTOCLAIM', KEY, name, 'd', '0', '0', 'COUNT', '3'],
    ['XACK', KEY, name, '1000-0', '1001-1', '1002-2'],
    ['XGROUP', 'DELCONSUMER', KEY, name, 'c'],
  ]),
  ['XADD', KEY, '*', 'field', 'value', 'n', '1'],
  ['XADD', KEY, 'MAXLEN', '~', '100', '*', 'other', 'fields'],
  ['XDEL', KEY, '1003-0', '1005-2', '1100-1'],
  ['XTRIM', KEY, 'MINID', '1004'],
  ['XGROUP', 'DESTROY', KEY, 'g'],
  ['XTRIM', KEY, 'MAXLEN', '1'],
  ['XSETID', KEY, '18446744073709551615-18446744073709551615'],
]

/** No number that RESP does not know, at any depth. */
function expectSound({ elements, text, type }: RawReply): void {
  if (type === ':') expect(text).toMatch(/^-?\d{1,19}$/)
  for (const each of elements ?? []) expectSound(each)
}

test.each(MODELS)(
  'of %s',
  async (_, commands) => {
    const server = await startRedisTs(['--save', '', '--enable-debug-command', 'yes', '--rdbcompression', 'no'])
    const client = await RawClient.connect(server.port)
    for (const reply of await client.pipeline(commands)) expect(reply.type).not.toBe('-')
    const sound = typeAndValue((await client.call('DUMP', KEY)).text ?? '')
    const type = sound.charCodeAt(0)
    let seed = commands.length
    const next = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return (seed >>> 8) % below
    }
    let loaded = 0
    for (let round = 0; round < ROUNDS; round++) {
      const value = Buffer.from(sound.slice(1), 'latin1')
      let size = value.length
      if (next(8) === 0) size = next(value.length)
      else {
        for (let left = 1 + next(3); left > 0; left--) {
          const at = next(value.length)
          const kind = next(4)
          if (kind === 0) value[at] ^= 1 << next(8)
          else if (kind === 1) value[at] = next(256)
          else if (kind === 2) value[at] = [0, 1, 0x7f, 0x80, 0x81, 0xff][next(6)]
          else value[at] += next(3) - 1
        }
      }
      const restored = await client.call('RESTORE', KEY, '0', payload(type, value.subarray(0, size)), 'REPLACE')
      if (restored.type === '-') {
        expect(restored.text).toBe('ERR Bad data format')
        continue
      }
      loaded++
      for (const reply of await client.pipeline([...READS, ...GROUP_READS])) expectSound(reply)
      const [dump, digest, copied] = await client.pipeline([
        ['DUMP', KEY],
        ['DEBUG', 'DIGEST-VALUE', KEY],
        ['COPY', KEY, 'copy', 'REPLACE'],
      ])
      expect(copied.text).toBe('1')
      const [again, same, copy] = await client.pipeline([
        ['RESTORE', 'again', '0', dump.text ?? '', 'REPLACE'],
        ['DEBUG', 'DIGEST-VALUE', 'again'],
        ['DEBUG', 'DIGEST-VALUE', 'copy'],
      ])
      expect(again.text).toBe('OK')
      expect([same, copy]).toEqual([digest, digest])
      for (const reply of await client.pipeline([...CHANGES, ...READS])) expectSound(reply)
      const [changed] = await client.pipeline([['DUMP', KEY]])
      expect((await client.call('RESTORE', 'again', '0', changed.text ?? '', 'REPLACE')).text).toBe('OK')
      expect((await client.call('DEL', KEY, 'again', 'copy')).text).toBe('3')
    }
    expect(loaded).toBeGreaterThan(ROUNDS / 20)
    expect(loaded).toBeLessThan(ROUNDS)
    expect((await client.call('PING')).text).toBe('PONG')
    client.close()
    await server.stop()
  },
  60_000,
)

test('of Redis 7.0, where XSETID went back before an entry that was deleted: all entries are found', async () => {
  const server = await startRedisTs(['--save', ''])
  const client = await RawClient.connect(server.port)
  const listpack = node(5, 0, 3, 2, entry(0, 0), entry(5, 0, 'v', 3), entry(3, 0), entry(4, 0, 'v', 3), entry(4, 0))
  const value = cat(items(listpack), facts({ length: 3, lastId: [9, 0], added: 5, deletedId: [10, 0] }), length(0))
  const replies = await client.pipeline([
    ['RESTORE', KEY, '0', payload(STREAM_LISTPACKS_2, value)],
    ['XRANGE', KEY, '6', '8'],
    ['XREVRANGE', KEY, '+', '6'],
    ['XREAD', 'STREAMS', KEY, '8'],
    ['XDEL', KEY, '9', '10', '8'],
    ['XADD', KEY, '11', 'f', 'w'],
    ['XRANGE', KEY, '-', '+'],
  ])
  expect(replies.map(shown)).toEqual([
    '+OK',
    '[[8-0 [f v]]]',
    '[[9-0 [f v]] [8-0 [f v]]]',
    `[[${KEY} [[9-0 [f v]]]]]`,
    ':2',
    '11-0',
    '[[5-0 [f v]] [11-0 [f w]]]',
  ])
  client.close()
  await server.stop()
})
