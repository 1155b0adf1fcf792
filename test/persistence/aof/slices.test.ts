/** Commands are made a little at a time, of bytes that come in whatever pieces, for as long as the file can take them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Disk } from '../../../src/config/disk.js'
import { CommandsSink } from '../../../src/persistence/aof/commands-sink.js'
import { snapshotForCommands } from '../../../src/persistence/aof/snapshot-commands.js'
import { SyncCommandsSink } from '../../../src/persistence/aof/sync-commands-sink.js'
import { FileSink, SyncFileSink } from '../../../src/persistence/file-sink.js'
import { Snapshot } from '../../../src/persistence/snapshot.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { setString } from '../../../src/types/string/set-string.js'
import { RawClient } from '../../commands/raw-client.js'
import { startRedisTs, tempDir } from '../../interop/stock.js'
import { commandsOf, keyspaceOf, MemorySink, requestsOf, rewriteInto } from './rewriting.js'

const range = (count: number, text: string): string[] => Array.from({ length: count }, (_, i) => `${text}${i}`)

const COMMANDS = [
  ['SET', 'k', 'v'],
  ['SET', 'n', '123456789012345'],
  ['SET', 'expires', 'x'.repeat(300), 'PXAT', '4000000000000'],
  ['RPUSH', 'l', 'a', '1', 'b'],
  ['RPUSH', 'list', ...range(700, 'e'), 'x'.repeat(9000)],
  ['SADD', 'i', '1', '70000', '-3'],
  ['SADD', 's', 'a', '7'],
  ['SADD', 'set', ...range(150, 'm')],
  ['ZADD', 'z', '1', 'a', '2.5', 'b'],
  ['ZADD', 'zset', ...range(150, '').flatMap(i => [i, `m${i}`])],
  ['HSET', 'h', 'f', 'v'],
  ['HSET', 'hash', ...range(1100, 'f')],
  ['HSET', 'few', ...range(20, 'f')],
  ['HPEXPIREAT', 'few', '4000000000000', 'FIELDS', '2', 'f0', 'f2'],
  ['XADD', 'x', '1-1', 'a', 'b'],
  ['XADD', 'x', '2-1', 'c', 'd'],
  ['XGROUP', 'CREATE', 'x', 'g', '0'],
  ['XGROUP', 'CREATECONSUMER', 'x', 'g', 'idle'],
  ['XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'x', '>'],
  ['SELECT', '5'],
  ['SET', 'other', 'database'],
]
const LIBRARY = Buffer.from("#!lua name=lib\nredis.register_function('f', function() return 1 end)")

/** What a snapshot of all that gives its sink. */
async function snapshotBytes(): Promise<Buffer> {
  const server = await startRedisTs(['--save', ''])
  const client = await RawClient.connect(server.port)
  await client.pipeline(COMMANDS)
  const { keyspace } = await keyspaceOf(server)
  client.close()
  await server.stop()
  const chunks: Buffer[] = []
  const sink = { congested: false, write: (chunk: Buffer) => void chunks.push(Buffer.from(chunk)) }
  new Snapshot(keyspace, sink, snapshotForCommands([LIBRARY])).step(Number.POSITIVE_INFINITY)
  return Buffer.concat(chunks)
}

function commandsOfChunks(chunks: readonly Buffer[]): Promise<Buffer> {
  const memory = new MemorySink()
  const sink = new CommandsSink(memory)
  for (const chunk of chunks) sink.write(Buffer.from(chunk))
  return new Promise((resolve, reject) =>
    sink.finish(failure => (failure === null ? resolve(memory.bytes) : reject(failure))),
  )
}

test('wherever the chunks end, the commands are the same', async () => {
  const bytes = await snapshotBytes()
  const whole = await commandsOfChunks([bytes])
  expect(requestsOf(whole).length).toBeGreaterThan(50)
  expect(await commandsOfChunks([...bytes].map(byte => Buffer.of(byte)))).toEqual(whole)
  for (let at = 1; at < bytes.length; at += 1 + Math.floor(at / 500)) {
    const commands = await commandsOfChunks([bytes.subarray(0, at), bytes.subarray(at)])
    if (!commands.equals(whole)) expect.fail(`cut at ${at}`)
  }
}, 60_000)

/** A keyspace of strings of so many bytes. */
function strings(count: number, bytes: number): Keyspace {
  const keyspace = new Keyspace(1)
  const [db] = keyspace.databases
  for (let i = 0; i < count; i++) {
    const key = Buffer.from(`key:${i}`)
    const value = Buffer.alloc(bytes, `${i} `)
    const address = db.findForWrite(key, 0, key.length)
    setString(db, address, key, 0, key.length, value, 0, bytes, Number.NaN)
  }
  return keyspace
}

test('the memory of chunks is used again, theirs and those of the snapshot', async () => {
  const keyspace = strings(100_000, 300)
  await commandsOf(keyspace)
  const buffers = new Set<ArrayBufferLike>()
  const incoming = new Set<ArrayBufferLike>()
  const memory = new MemorySink()
  const take = memory.write.bind(memory)
  memory.write = chunk => {
    buffers.add(chunk.buffer)
    take(chunk)
  }
  const sink = new CommandsSink(memory)
  const write = sink.write.bind(sink)
  sink.write = chunk => {
    incoming.add(chunk.buffer)
    write(chunk)
  }
  await rewriteInto(sink, keyspace)
  expect(memory.bytes.length).toBeGreaterThan(30_000_000)
  expect(buffers.size).toBeLessThan(10)
  expect(incoming.size).toBeLessThan(10)
})

test('a long string is written in pieces', async () => {
  const memory = new MemorySink()
  const slices: number[] = []
  await rewriteInto(new CommandsSink(memory, { onSlice: ms => slices.push(ms) }), strings(2, 32 << 20))
  expect(Math.max(...memory.chunks.map(({ length }) => length))).toBeLessThanOrEqual(64 * 1024)
  expect(slices.length).toBeGreaterThan(10)
  const requests = requestsOf(memory.bytes).slice(1)
  expect(requests.map(each => [each[0], each[1], each[2].length]).sort()).toEqual([
    ['SET', 'key:0', 32 << 20],
    ['SET', 'key:1', 32 << 20],
  ])
})

test('to a file', async () => {
  const keyspace = strings(20_000, 3000)
  const dir = tempDir()
  const names = ['temp.aof', 'base.aof'].map(name => join(dir, name))
  await rewriteInto(new CommandsSink(new FileSink(new Disk(), names[0], names[1], true)), keyspace)
  expect(readFileSync(names[1]).equals(await commandsOf(keyspace))).toBe(true)
  expect(readdirSync(dir)).toEqual(['base.aof'])
})

test('to a file at once', async () => {
  const keyspace = strings(2000, 100_000)
  const dir = tempDir()
  const names = ['temp.aof', 'base.aof'].map(name => join(dir, name))
  const sink = new SyncCommandsSink(new SyncFileSink(new Disk(), names[0], names[1]), 1_700_000_000)
  new Snapshot(keyspace, sink, snapshotForCommands([])).step(Number.POSITIVE_INFINITY)
  sink.finish()
  const expected = await commandsOf(keyspace, { timestampSeconds: 1_700_000_000 })
  expect(readFileSync(names[1]).equals(expected)).toBe(true)
})

test('nothing is read while the file cannot take it', async () => {
  const keyspace = strings(20_000, 300)
  const memory = new MemorySink()
  const whole = await commandsOf(keyspace)
  const sink = new CommandsSink(memory)
  const take = memory.write.bind(memory)
  let stops = 0
  memory.write = chunk => {
    take(chunk)
    memory.congested = true
    const { length } = memory.chunks
    stops++
    setTimeout(() => {
      // What one slice writes at most.
      expect(memory.chunks.length - length).toBeLessThan(100)
      memory.congested = false
      memory.onDrain()
    }, 1)
  }
  await rewriteInto(sink, keyspace)
  expect(stops).toBeGreaterThan(20)
  expect(memory.bytes.equals(whole)).toBe(true)
  expect(sink.bytesWritten).toBe(whole.length)
})

test.each([
  ['while the snapshot is written', 100_000],
  ['at its end', 10],
])('a file that cannot be written fails the rewrite, %s', async (_, keys) => {
  const keyspace = strings(keys, 300)
  const memory = new MemorySink()
  const sink = new CommandsSink(memory)
  memory.write = () => {
    memory.failed = new Error('no space left')
    memory.congested = true
    setImmediate(() => memory.onDrain())
  }
  await expect(rewriteInto(sink, keyspace)).rejects.toThrow('no space left')
  expect(keyspace.snapshot).toBeNull()
})

test('bytes that are no snapshot fail it', async () => {
  const memory = new MemorySink()
  const sink = new CommandsSink(memory)
  const drained = new Promise<void>(resolve => {
    sink.onDrain = resolve
  })
  sink.write(Buffer.from('REDIS0010\x77'))
  await drained
  expect(sink.failed?.message).toMatch(/expected a key or an opcode/)
  expect(sink.congested).toBe(true)
  sink.discard()
  expect(memory.discarded).toBe(true)
})

test('an end that comes too early fails it', async () => {
  await expect(commandsOfChunks([Buffer.from('REDIS0010')])).rejects.toThrow('the end of the data')
})

test('a rewrite that is given up gives nothing more to the file', async () => {
  const memory = new MemorySink()
  const sink = new CommandsSink(memory)
  const snapshot = new Snapshot(strings(10_000, 300), sink, snapshotForCommands([]))
  while (!sink.congested) snapshot.step(0)
  await new Promise(setImmediate)
  const { length } = memory.chunks
  snapshot.abort()
  sink.discard()
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
  expect(memory.chunks.length).toBe(length)
  expect(memory.discarded).toBe(true)
  expect(memory.finished).toBe(false)
})
