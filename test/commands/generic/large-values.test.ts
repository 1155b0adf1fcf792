/** DUMP, RESTORE and MIGRATE of values so large that they are dealt with in slices: nothing of that is seen. */
import { randomFillSync } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { inStep, linkUp, until } from '../../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { cat, length, lzf, str } from '../../persistence/rdb/bytes.js'
import { hashListpack, ziplist, zipmap } from '../../persistence/rdb/old-forms.js'
import { payload } from '../../persistence/rdb/payload.js'
import { RawClient, type RawReply } from '../raw-client.js'
import { expectSame } from '../side-by-side.js'

const OPTIONS = ['--save', '', '--enable-debug-command', 'yes']
const MB = 1024 * 1024

let server: RunningServer
let ours: RawClient
let other: RawClient

beforeAll(async () => {
  server = await startRedisTs(OPTIONS)
  ours = await RawClient.connect(server.port)
  other = await RawClient.connect(server.port)
})
afterAll(() => {
  ours.close()
  other.close()
})
beforeEach(async () => {
  await ours.pipeline([['FLUSHALL'], ['CONFIG', 'SET', 'hash-max-listpack-entries', '128']])
})

async function text(client: RawClient, ...command: string[]): Promise<string> {
  return (await client.call(...command)).text ?? '(null)'
}

/** Text that no compression makes shorter. */
function noise(bytes: number): string {
  return randomFillSync(Buffer.alloc(bytes)).toString('latin1')
}
function prose(bytes: number): string {
  const words = Array.from({ length: 20_000 }, (_, i) => `${(i * 7919) % 10_007}:${i & 63}`).join()
  return words.repeat(Math.ceil(bytes / words.length)).slice(0, bytes)
}
/** Fields and values, with some that are large themselves. */
function fieldsAndValues(fields: number): string[] {
  const elements = Array.from({ length: fields }, (_, i) => [`field ${i}`, `value ${i}`.repeat(i % 30)]).flat()
  return elements.concat('n', noise(300_000), 'p', prose(2_000_000), prose(100_000), 'x', noise(70_000), noise(20_000))
}

/** A client that reads nothing until it is asked to. */
class SlowReader {
  private readonly socket: Socket

  private constructor(socket: Socket) {
    this.socket = socket
  }

  static connect(port: number): Promise<SlowReader> {
    return new Promise(resolve => {
      const socket = connect(port, '127.0.0.1', () => resolve(new SlowReader(socket)))
    })
  }

  write(...command: string[]): void {
    this.socket.write(`${command.join(' ')}\r\n`)
  }

  /** The bulk string that comes. */
  bulk(): Promise<string> {
    return new Promise(resolve => {
      const chunks: Buffer[] = []
      let size = 0
      this.socket.on('data', chunk => {
        chunks.push(chunk)
        size += chunk.length
        const head = chunks[0].indexOf('\r\n')
        if (head < 0) return
        const bytes = Number(chunks[0].toString('latin1', 1, head))
        if (size < head + bytes + 4) return
        resolve(Buffer.concat(chunks).toString('latin1', head + 2, head + 2 + bytes))
      })
    })
  }

  close(): void {
    this.socket.destroy()
  }
}

/** Resolves when another call of a command has begun. */
async function begun(name: string, before: number): Promise<void> {
  await until(`${name} has begun`, async () => (await calls(name)) > before)
}
async function calls(name: string): Promise<number> {
  const stats = await text(other, 'INFO', 'commandstats')
  return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
}

describe('DUMP gives the value of its moment, whatever happens to it before the client has read it', () => {
  // What does not compress is more than the kernel takes for a client; the other one more than is kept compressed.
  const half = 8.5 * MB
  const strings: [string, string][] = [
    ['a string that does not compress', noise(half)],
    ['one that compresses a little', noise(half) + prose(MB) + noise(half)],
  ]
  const changes: [string, string[][]][] = [
    [
      'bytes are overwritten',
      Array.from({ length: 40 }, (_, i) => ['SETRANGE', 'key', String(i * 499_999), 'x'.repeat(i * 1000)]),
    ],
    ['bits are set', Array.from({ length: 200 }, (_, i) => ['SETBIT', 'key', String(i * 979_997), '1'])],
    [
      'it grows',
      [
        ['APPEND', 'key', 'x'.repeat(100_000)],
        ['SETRANGE', 'key', String(30 * MB), 'x'],
        ['SETBIT', 'key', '0', '1'],
      ],
    ],
    [
      'it is the target of BITOP',
      [
        ['SETRANGE', 'other', String(half), 'o'],
        ['BITOP', 'NOT', 'key', 'key'],
        ['BITOP', 'XOR', 'key', 'other'],
      ],
    ],
    [
      'another value takes its place',
      [
        ['SET', 'key', 'y'.repeat(MB)],
        ['SETRANGE', 'key', '10', 'abc'],
      ],
    ],
    [
      'it is deleted',
      [
        ['DEL', 'key'],
        ['SET', 'new', 'z'.repeat(MB)],
      ],
    ],
    [
      'it is renamed, and changed',
      [
        ['RENAME', 'key', 'renamed'],
        ['SETRANGE', 'renamed', '5000', 'abc'],
      ],
    ],
    ['FLUSHALL', [['FLUSHALL'], ['SET', 'key', 'z'.repeat(MB)]]],
    [
      'FLUSHALL, and the memory is used again',
      [['FLUSHALL'], ['SETRANGE', 'key', String(24 * MB), 'x'], ['DEL', 'key']],
    ],
  ]

  describe.each(strings)('%s', (_what, value) => {
    let before: string
    beforeAll(async () => {
      await ours.call('SET', 'key', value)
      const reader = await SlowReader.connect(server.port)
      reader.write('DUMP', 'key')
      before = await reader.bulk()
      reader.close()
    })

    test.each(changes)('%s', async (_change, commands) => {
      await ours.call('SET', 'key', value)
      const slow = await SlowReader.connect(server.port)
      const dumps = await calls('dump')
      slow.write('DUMP', 'key')
      await begun('dump', dumps)
      await other.pipeline(commands)
      const after = await text(other, 'DEBUG', 'DIGEST-VALUE', 'key')
      expect((await slow.bulk()) === before).toBe(true)
      slow.close()
      // Nobody else sees anything of the bytes that were kept.
      expect(await text(other, 'DEBUG', 'DIGEST-VALUE', 'key')).toBe(after)
    })
  })

  test.each<[string, string[][]]>([
    ['fields are added and set', Array.from({ length: 3000 }, (_, i) => ['HSET', 'key', `field ${i * 9}`, 'other'])],
    ['fields go', Array.from({ length: 3000 }, (_, i) => ['HDEL', 'key', `field ${i * 7}`])],
    [
      'large fields go',
      [
        ['HDEL', 'key', 'n', 'p', 'q', prose(100_000), noise(10)],
        ['HSET', 'key', 'p', 'x'],
      ],
    ],
    [
      'it is deleted',
      [
        ['DEL', 'key'],
        ['HSET', 'key', 'a', 'b'],
      ],
    ],
    ['FLUSHALL', [['FLUSHALL'], ['HSET', 'key', 'a', 'b']]],
  ])('a hash: %s', async (_change, commands) => {
    await ours.call('HSET', 'key', ...fieldsAndValues(20_000), 'q', noise(10 * MB))
    const digest = await text(ours, 'DEBUG', 'DIGEST-VALUE', 'key')
    const slow = await SlowReader.connect(server.port)
    const dumps = await calls('dump')
    slow.write('DUMP', 'key')
    await begun('dump', dumps)
    await other.pipeline(commands)
    const bytes = await slow.bulk()
    slow.close()
    expect(await text(ours, 'RESTORE', 'copy', '0', bytes)).toBe('OK')
    expect(await text(ours, 'DEBUG', 'DIGEST-VALUE', 'copy')).toBe(digest)
  })

  test('a large listpack', async () => {
    await ours.call('CONFIG', 'SET', 'hash-max-listpack-entries', '100000')
    const elements = Array.from({ length: 9000 }, (_, i) => [`field ${i}`, `value ${i}`]).flat()
    await ours.call('HSET', 'key', ...elements)
    expect(await text(ours, 'OBJECT', 'ENCODING', 'key')).toBe('listpack')
    const before = await text(ours, 'DUMP', 'key')
    const dump = ours.call('DUMP', 'key')
    const changes = [
      ['HSET', 'key', 'field 1', 'value x'],
      ['HSET', 'key', 'new', '1'],
      ['HDEL', 'key', 'field 77'],
    ]
    await other.pipeline(changes)
    expect([before, await text(other, 'DUMP', 'key')]).toContain((await dump).text)
    expect(await text(other, 'HGET', 'key', 'field 1')).toBe('value x')
  })

  test('the client is gone', async () => {
    await ours.call('SET', 'key', noise(24 * MB))
    const slow = await SlowReader.connect(server.port)
    const dumps = await calls('dump')
    slow.write('DUMP', 'key')
    await begun('dump', dumps)
    slow.close()
    await ours.call('SETRANGE', 'key', '0', 'abc')
    expect(await text(ours, 'GETRANGE', 'key', '0', '2')).toBe('abc')
    await ours.call('DEL', 'key')
    expect(await text(ours, 'PING')).toBe('PONG')
  })

  test('in a transaction, among other replies', async () => {
    const [a, b] = [noise(3 * MB), prose(3 * MB)]
    await ours.pipeline([
      ['SET', 'a', a],
      ['SET', 'b', b],
    ])
    const [dumpA, dumpB] = await ours.pipeline([
      ['DUMP', 'a'],
      ['DUMP', 'b'],
    ])
    const queued = [
      ['DUMP', 'a'],
      ['SETRANGE', 'a', '100', 'xyz'],
      ['DUMP', 'b'],
      ['DEL', 'a', 'b'],
      ['DUMP', 'a'],
    ]
    const replies = await ours.pipeline([['MULTI'], ...queued, ['EXEC'], ['PING']])
    const elements = replies[6].elements ?? []
    expect(elements.map(each => each.text === dumpA.text || each.text === dumpB.text || each.text)).toEqual([
      true,
      String(3 * MB),
      true,
      '2',
      null,
    ])
    expect(elements[2].text === dumpB.text).toBe(true)
    expect(replies[7].text).toBe('PONG')
  })
})

/** Payloads of all kinds that are prepared in slices. */
function largePayloads(): [type: number, value: Buffer][] {
  const small = Array.from({ length: 3000 }, (_, i) => [`field ${i}`, `${i * 17}`]).flat()
  const few = Array.from({ length: 500 }, (_, i) => [`f${i}`, 'text'.repeat(12)]).flat()
  return [
    [0, str(noise(200_000))],
    [0, lzf(prose(300_000))],
    [0, cat(str('short'), noise(100_000))],
    [0, cat(0xc0, 7, noise(100_000))],
    [4, cat(length(3000), ...small.map(each => str(each)))],
    [4, cat(length(2), str('a'), lzf(prose(200_000)), str(noise(90_000)), str(noise(100_000)))],
    [16, str(hashListpack(small))],
    [16, lzf(hashListpack(small))],
    [16, str(hashListpack(few))],
    [13, str(ziplist(small))],
    [13, str(ziplist(few))],
    [9, str(zipmap(small, 2))],
    [9, str(zipmap(few))],
  ]
}

describe('beside stock Redis', requireStock('redis-server'), () => {
  let stock: RawClient

  beforeAll(async () => {
    stock = await RawClient.connect((await startRedisServer([...OPTIONS, '--sanitize-dump-payload', 'yes'])).port)
    return () => stock.close()
  })
  beforeEach(async () => {
    await stock.pipeline([['FLUSHALL'], ['CONFIG', 'SET', 'hash-max-listpack-entries', '128']])
  })

  test.each<[string, (bytes: number) => string]>([
    ['prose', prose],
    ['noise', noise],
    ['noise, then prose', bytes => (noise(bytes) + prose(bytes)).slice(bytes >> 1, (bytes >> 1) + bytes)],
    ['prose, then noise', bytes => (prose(bytes) + noise(bytes)).slice(bytes >> 1, (bytes >> 1) + bytes)],
    ['nearly nothing to gain', bytes => noise(bytes - 40) + 'x'.repeat(40)],
    ['one byte', bytes => 'x'.repeat(bytes)],
  ])('DUMP of a large string has the same bytes: %s', async (_what, make) => {
    const sizes = [64 * 1024, 128 * 1024, MB, 3 * MB].flatMap(size => [size - 1, size, size + 1])
    for (const size of [...sizes, 262_142, 262_146, 1_500_000]) {
      const value = make(size)
      for (const client of [ours, stock]) await client.call('SET', 'key', value)
      const [mine, theirs] = await Promise.all([text(ours, 'DUMP', 'key'), text(stock, 'DUMP', 'key')])
      expect({ size, same: mine === theirs, length: mine.length }).toEqual({ size, same: true, length: theirs.length })
    }
  })

  test('without rdbcompression, and of more than is kept compressed', async () => {
    for (const value of [prose(MB), noise(17 * MB) + prose(4 * MB)]) {
      for (const client of [ours, stock]) await client.call('SET', 'key', value)
      for (const compress of ['no', 'yes']) {
        for (const client of [ours, stock]) await client.call('CONFIG', 'SET', 'rdbcompression', compress)
        expect((await text(ours, 'DUMP', 'key')) === (await text(stock, 'DUMP', 'key'))).toBe(true)
      }
    }
  })

  test('large hashes load both ways, by RESTORE and by MIGRATE', async () => {
    const elements = fieldsAndValues(20_000)
    for (const [from, to] of [
      [ours, stock],
      [stock, ours],
    ]) {
      await Promise.all([from.call('FLUSHALL'), to.call('FLUSHALL')])
      await from.pipeline([
        ['HSET', 'key', ...elements],
        ['HSET', 'few', 'a', prose(200_000), 'b', noise(200_000)],
      ])
      for (const key of ['key', 'few']) {
        expect(await text(to, 'RESTORE', key, '0', await text(from, 'DUMP', key))).toBe('OK')
        expect(await text(to, 'DEBUG', 'DIGEST-VALUE', key)).toBe(await text(from, 'DEBUG', 'DIGEST-VALUE', key))
        expect(await text(to, 'OBJECT', 'ENCODING', key)).toBe('hashtable')
      }
    }
  })

  test.each(largePayloads())('a payload of type %i is taken as there, in a transaction too', async (type, value) => {
    const bytes = payload(type, value)
    for (const client of [ours, stock]) await client.call('CONFIG', 'SET', 'hash-max-listpack-entries', '1000')
    const restore = ['RESTORE', 'key', '0', bytes]
    const looks = [
      ['DEBUG', 'DIGEST-VALUE', 'key'],
      ['OBJECT', 'ENCODING', 'key'],
      ['PTTL', 'key'],
      ['TYPE', 'key'],
    ]
    await expectSame(ours, stock, [restore, ...looks, ['DBSIZE'], restore, [...restore, 'REPLACE'], ...looks])
    await expectSame(ours, stock, [
      ['MULTI'],
      [...restore, 'REPLACE', 'FREQ', '5'],
      ['RENAME', 'key', 'renamed'],
      [...restore, 'ABSTTL'],
      restore,
      ['FLUSHALL'],
      restore,
      ['EXEC'],
      ...looks,
      ['DBSIZE'],
    ])
  })

  test('errors come in the same order, whatever is wrong at the same time', async () => {
    const sound = payload(0, str(noise(200_000)))
    const damaged = `${sound.slice(0, 5000)}${sound[5000] === 'a' ? 'b' : 'a'}${sound.slice(5001)}`
    const payloads = [sound, damaged, payload(0, str(noise(200_000)), 13), payload(1, str(noise(200_000)))]
    payloads.push(
      payload(4, cat(length(3), str(noise(50_000)), str(noise(50_000)))),
      payload(0, cat(0xc3, length(100_000), length(200_000), noise(100_000))),
    )
    for (const bytes of payloads) {
      for (const key of ['there', 'new']) {
        for (const ttl of ['0', '-1', 'x']) {
          for (const options of [[], ['REPLACE'], ['nonsense'], ['IDLETIME', '-1'], ['IDLETIME', '100', 'REPLACE']]) {
            await expectSame(ours, stock, [
              ['FLUSHALL'],
              ['SET', 'there', 'x'],
              ['RESTORE', key, ttl, bytes, ...options],
              ['STRLEN', 'there'],
              ['EXISTS', 'new'],
            ])
          }
        }
      }
      const restore = ['RESTORE', 'new', '0', bytes]
      await expectSame(ours, stock, [
        ['FLUSHALL'],
        ['MULTI'],
        restore,
        ['SET', 'x', '1'],
        restore,
        ['EXEC'],
        ['DBSIZE'],
      ])
      await expectSame(ours, stock, [['FLUSHALL'], ['MULTI'], restore, ['NONSENSE'], ['EXEC'], ['DBSIZE']])
    }
  })

  test.each([253, 254, 255])('a zipmap that says it has %i pairs', async count => {
    const bytes = zipmap(Array.from({ length: 500 }, (_, i) => [`f${i}`, 'text'.repeat(12)]).flat())
    bytes[0] = count
    await expectSame(ours, stock, [
      ['RESTORE', 'key', '0', payload(9, str(bytes))],
      ['EXISTS', 'key'],
    ])
  })

  const LZF = 0xc3
  test('damaged payloads get the same verdict', { timeout: 60_000 }, async () => {
    for (const [type, value] of largePayloads()) {
      for (let round = 0; round < 12; round++) {
        const bytes = Buffer.from(value)
        const cut = round % 3 === 0 ? bytes.subarray(0, Math.floor(Math.random() * bytes.length)) : bytes
        if (cut === bytes) bytes[Math.floor(Math.random() * (round % 2 === 0 ? 20 : bytes.length))] ^= 1 << (round % 8)
        const damaged = payload(type, cut)
        const restore = ['RESTORE', 'key', '0', damaged, 'REPLACE']
        const [mine, theirs] = await Promise.all([text(ours, ...restore), text(stock, ...restore)])
        // LZF that gives less than announced: Redis takes what happens to be in memory for the rest.
        const unsound = damaged.charCodeAt(1) === LZF || (type === 4 && mine === 'ERR Bad data format')
        if (!unsound) expect({ type, mine }).toEqual({ type, mine: theirs })
        if (mine === 'OK' && theirs === 'OK') await expectSame(ours, stock, [['DEBUG', 'DIGEST-VALUE', 'key']])
        await Promise.all([ours.call('DEL', 'key'), stock.call('DEL', 'key')])
        expect(await text(ours, 'DBSIZE')).toBe('0')
      }
    }
  })

  test('a replica of either takes RESTORE from its master, alone, with a time to live and in a transaction', async () => {
    const options = [...OPTIONS, '--repl-diskless-sync-delay', '0']
    const master = await startRedisTs(options)
    const replica = await startRedisTs([...options, '--replicaof', `127.0.0.1 ${master.port}`])
    const last = await startRedisServer([...options, '--replicaof', `127.0.0.1 ${replica.port}`])
    const client = await RawClient.connect(master.port)
    await linkUp(replica.port)
    await linkUp(last.port)
    const [string, hash] = [payload(0, str(noise(2 * MB))), payload(...(largePayloads()[4] ?? [0, str('')]))]
    await client.pipeline([
      ['RESTORE', 's', '0', string],
      ['SET', 'plain', noise(2 * MB)],
      ['SETRANGE', 'plain', '1000000', 'changed at once'],
      ['SET', 'short-lived', noise(2 * MB), 'EX', '1000'],
      ['RESTORE', 'h', '1000000', hash],
      ['MULTI'],
      ['SET', 'a', '1'],
      ['RESTORE', 's2', '1000000', string],
      ['RESTORE', 'h', '0', hash, 'REPLACE'],
      ['SET', 'plain2', noise(2 * MB)],
      ['SETBIT', 'plain2', '8000000', '1'],
      ['SET', 'short-lived2', noise(2 * MB), 'EX', '1000'],
      ['SETRANGE', 'short-lived2', '1000000', 'changed at once'],
      ['SET', 'gone', noise(2 * MB)],
      ['DEL', 'gone'],
      ['SET', 'small', noise(300_000)],
      ['SETBIT', 'small', '800000', '1'],
      ['SETRANGE', 'in its place', String(2 * MB - 1), 'x'],
      ['EXEC'],
      ['SETRANGE', 'plain2', '1000', 'changed later'],
      ['SETRANGE', 'small', '1000', 'changed later'],
      ['SET', 'b', '2'],
    ])
    await inStep(master.port, replica.port)
    await inStep(master.port, last.port)
    const digest = await text(client, 'DEBUG', 'DIGEST')
    for (const { port } of [replica, last]) {
      const reader = await RawClient.connect(port)
      expect(await text(reader, 'DEBUG', 'DIGEST')).toBe(digest)
      expect(Number(await text(reader, 'PTTL', 's2'))).toBeGreaterThan(0)
      reader.close()
    }
    client.close()
    await Promise.all([master.stop(), replica.stop(), last.stop()])
  })
})

describe('while a payload is prepared', () => {
  let hash: string
  let digest: string
  let restorer: RawClient

  beforeAll(async () => {
    const elements = Array.from({ length: 200_000 }, (_, i) => cat(str(`field ${i}`), str(`value ${i}`)))
    hash = payload(4, Buffer.concat([length(200_000), ...elements]))
  })
  beforeEach(async () => {
    restorer = await RawClient.connect(server.port)
    if (digest === undefined) {
      await ours.call('RESTORE', 'key', '0', hash)
      digest = await text(ours, 'DEBUG', 'DIGEST-VALUE', 'key')
      await ours.call('DEL', 'key')
    }
    return () => restorer.close()
  })

  /** Sends RESTORE, and resolves when it has arrived; to its reply. */
  async function restoring(...commands: string[][]): Promise<Promise<RawReply[]>> {
    await restorer.call('CLIENT', 'SETNAME', 'restorer')
    const replies = restorer.pipeline(commands)
    const name = commands.at(-1)?.[0].toLowerCase() ?? ''
    await until('the command has arrived', async () =>
      new RegExp(`name=restorer .* cmd=${name} `).test(await text(other, 'CLIENT', 'LIST')),
    )
    return replies
  }
  /** Does something; true when the key was not there yet. */
  async function meanwhile(...commands: string[][]): Promise<boolean> {
    const [there] = await other.pipeline([['EXISTS', 'key'], ...commands])
    return there.text === '0'
  }

  test('everybody else is served, and the key is not there', async () => {
    const replies = await restoring(['RESTORE', 'key', '0', hash])
    await meanwhile(['SET', 'x', '1'])
    expect(await text(other, 'GET', 'x')).toBe('1')
    expect((await replies).map(reply => reply.text)).toEqual(['OK'])
    expect(await text(ours, 'DEBUG', 'DIGEST-VALUE', 'key')).toBe(digest)
  })

  test('FLUSHALL empties the data before it', async () => {
    const replies = await restoring(['RESTORE', 'key', '0', hash])
    const early = await meanwhile(['FLUSHALL'])
    expect((await replies).map(reply => reply.text)).toEqual(['OK'])
    expect(await text(ours, 'DBSIZE')).toBe(early ? '1' : '0')
    if (early) expect(await text(ours, 'DEBUG', 'DIGEST-VALUE', 'key')).toBe(digest)
  })

  test('a key that comes makes it busy', async () => {
    const replies = await restoring(['RESTORE', 'key', '0', hash])
    const early = await meanwhile(['SETNX', 'key', 'mine'])
    expect((await replies).map(reply => reply.text)).toEqual([early ? 'BUSYKEY Target key name already exists.' : 'OK'])
    expect(await text(ours, 'TYPE', 'key')).toBe(early ? 'string' : 'hash')
  })

  test('a watched key that changes ends the transaction', async () => {
    await restorer.call('WATCH', 'watched')
    const replies = await restoring(['MULTI'], ['RESTORE', 'key', '0', hash], ['EXEC'])
    const early = await meanwhile(['SET', 'watched', '1'])
    const [, , exec] = await replies
    expect(exec.elements?.length ?? 0).toBe(early ? 0 : 1)
    expect(await text(ours, 'EXISTS', 'key')).toBe(early ? '0' : '1')
  })

  test('requests behind it wait, and see it', async () => {
    const replies = restorer.pipeline([['HLEN', 'key'], ['RESTORE', 'key', '0', hash], ['HLEN', 'key'], ['PING']])
    expect((await replies).map(reply => reply.text)).toEqual(['0', 'OK', '200000', 'PONG'])
  })

  test('its client is not one that waits for anything', async () => {
    const id = await text(restorer, 'CLIENT', 'ID')
    const replies = await restoring(['RESTORE', 'key', '0', hash])
    expect(await text(other, 'CLIENT', 'UNBLOCK', id, 'ERROR')).toBe('0')
    expect(await text(other, 'CLIENT', 'UNBLOCK', id)).toBe('0')
    expect(await text(other, 'INFO', 'clients')).toContain('blocked_clients:0')
    expect((await replies).map(reply => reply.text)).toEqual(['OK'])
  })

  test('its client may be killed: nothing is left of the value', async () => {
    await ours.call('MEMORY', 'PURGE')
    const id = await text(restorer, 'CLIENT', 'ID')
    void restoring(['RESTORE', 'key', '0', hash]).catch(() => {})
    await until('the command has arrived', async () => (await text(other, 'CLIENT', 'LIST')).includes('cmd=restore '))
    const [there, killed] = await other.pipeline([
      ['EXISTS', 'key'],
      ['CLIENT', 'KILL', 'ID', id],
    ])
    expect(killed.text).toBe('1')
    expect(await text(other, 'EXISTS', 'key')).toBe(there.text)
    if (there.text === '0') {
      const used = async (): Promise<number> =>
        Number(/used_memory_dataset:(\d+)/.exec(await text(other, 'INFO', 'memory'))?.[1])
      await until('what was loaded is freed', async () => (await used()) < 5 * MB)
    }
  })

  test('a pause that begins meanwhile holds it up, and an error may end that', async () => {
    const id = await text(restorer, 'CLIENT', 'ID')
    const replies = await restoring(['RESTORE', 'key', '0', hash])
    const early = await meanwhile(['CLIENT', 'PAUSE', '100000', 'WRITE'])
    if (early)
      await until(
        'it waits for the end of the pause',
        async () => (await text(other, 'CLIENT', 'UNBLOCK', id, 'ERROR')) === '1',
      )
    await other.call('CLIENT', 'UNPAUSE')
    const unblocked = 'UNBLOCKED client unblocked via CLIENT UNBLOCK'
    expect((await replies).map(reply => reply.text)).toEqual([early ? unblocked : 'OK'])
    // What was prepared for it is not taken for another one's.
    expect(await text(restorer, 'RESTORE', 'key', '0', payload(0, str(prose(100_000))), 'REPLACE')).toBe('OK')
    expect((await text(ours, 'GET', 'key')) === prose(100_000)).toBe(true)
  })

  test('it counts and is monitored once', async () => {
    const before = await calls('restore')
    const monitor = await RawClient.connect(server.port)
    await monitor.call('MONITOR')
    await restorer.call('RESTORE', 'key', '0', payload(0, str('x'.repeat(100_000))))
    await ours.call('PING', 'end')
    const seen: string[] = []
    while (!seen.at(-1)?.includes('"end"')) seen.push((await monitor.next()).text ?? '')
    monitor.close()
    expect(seen.filter(line => line.includes('"RESTORE"')).length).toBe(1)
    expect(await calls('restore')).toBe(before + 1)
  })
})
