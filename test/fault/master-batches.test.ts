/** A master's stream in pieces of any size: obeyed, counted and passed on as if each request had come alone. */
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { type RunningServer, startRedisTs } from '../interop/stock.js'
import { FakeMaster, handshake } from './fake-master.js'
import { FakeReplica } from './fake-replica.js'
import { resp, until } from './wire.js'

const RUNS = Number(process.env.BATCHES_RUNS ?? 60)
const SEED = Number(process.env.BATCHES_SEED ?? 20_260_000)
const OPTIONS = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']
const REPLID = '0123456789abcdef0123456789abcdef01234567'
const START = 1000
const GETACK = resp('REPLCONF', 'GETACK', '*')

/** A part of the stream that is executed as a whole. */
interface Part {
  readonly bytes: string
  /** What it does to the data, for a server that is told so by a client. */
  readonly commands: readonly (readonly string[])[]
  /** Whether a pause of writes puts it off. */
  readonly writes: boolean
}

const key = fc.nat(20).map(n => `k${n}`)
const field = fc.nat(200).map(n => `f${n}`)
const value = fc.oneof(
  { weight: 60, arbitrary: fc.nat(1000).map(String) },
  { weight: 60, arbitrary: fc.constantFrom('', '\r\n', 'v'.repeat(70)) },
  { weight: 2, arbitrary: fc.constant('v'.repeat(9000)) },
  { weight: 1, arbitrary: fc.constant('v'.repeat(150_000)) },
)
const some = (...each: fc.Arbitrary<string>[]) => fc.array(fc.tuple(...each), { minLength: 1, maxLength: 80 })

const write: fc.Arbitrary<string[]> = fc.oneof(
  fc.tuple(fc.constant('SET'), key, value),
  fc.tuple(fc.constant('SET'), key, value, fc.constant('PXAT'), fc.constant('4000000000000')),
  fc.tuple(fc.constant('INCR'), key),
  fc.tuple(fc.constant('DEL'), key, key),
  fc.tuple(fc.constant('APPEND'), key, value),
  fc.tuple(fc.constant('HSET'), fc.constantFrom('h1', 'h2'), field, value),
  some(key, value).map(pairs => ['MSET', ...pairs.flat()]),
  some(key).map(keys => ['UNLINK', ...keys.flat()]),
  some(field, value).map(pairs => ['HSET', 'h1', ...pairs.flat()]),
  some(field).map(fields => ['HDEL', 'h1', ...fields.flat()]),
)
const transaction = fc.array(write, { maxLength: 5 }).map(writes => [['MULTI'], ...writes, ['EXEC']])
const single = (words: string[], writes = true): Part => ({ bytes: resp(...words), commands: [words], writes })
const silent = (bytes: string): Part => ({ bytes, commands: [], writes: false })

const part: fc.Arbitrary<Part> = fc.oneof(
  { weight: 20, arbitrary: write.map(words => single(words)) },
  {
    weight: 2,
    arbitrary: transaction.map(each => ({
      bytes: each.map(words => resp(...words)).join(''),
      commands: each,
      writes: each.length > 2,
    })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('0', '1', '2').map(database => single(['SELECT', database], false)),
  },
  { weight: 1, arbitrary: key.map(k => ({ bytes: `INCR ${k}\r\n`, commands: [['INCR', k]], writes: true })) },
  { weight: 2, arbitrary: fc.constantFrom('\n', '\r\n', '*0\r\n', resp('PING')).map(silent) },
  { weight: 2, arbitrary: fc.constant(silent(GETACK)) },
)

const cases = fc.record({
  parts: fc.array(part, { minLength: 1, maxLength: 120, size: 'max' }),
  cuts: fc.array(fc.nat(999), { maxLength: 12, size: 'max' }),
  /** Writes are paused ahead of this piece; where there is none, not at all. */
  pausedAt: fc.nat(20),
})

interface Stage {
  readonly replica: RunningServer
  readonly control: RawClient
  readonly below: FakeReplica
  readonly link: Socket
  /** Offsets that the replica has told its master. */
  readonly told: number[]
}

let emptyFile: Buffer
let plain: RawClient

beforeAll(async () => {
  const server = await startRedisTs(OPTIONS)
  plain = await RawClient.connect(server.port)
  expect((await plain.call('SAVE')).text).toBe('OK')
  emptyFile = readFileSync(join(server.dir, 'dump.rdb'))
})

/** A replica of a master that is played here, and a replica of that one. */
async function setUp(): Promise<Stage> {
  const told: number[] = []
  let link: Socket | undefined
  const answer = handshake((_, socket) => {
    link = socket
    const head = `+FULLRESYNC ${REPLID} ${START}\r\n$${emptyFile.length}\r\n`
    return Buffer.concat([Buffer.from(head), emptyFile])
  })
  const master = await FakeMaster.start((words, socket) => {
    if (words[1] === 'ACK') told.push(Number(words[2]))
    return answer(words, socket)
  })
  const replica = await startRedisTs([...OPTIONS, '--replicaof', `127.0.0.1 ${master.port}`])
  const control = await RawClient.connect(replica.port)
  await until(
    async () => (await control.call('INFO', 'replication')).text ?? '',
    text => text.includes('master_link_status:up'),
  )
  if (link === undefined) throw new Error('there is no link')
  return { replica, control, below: await FakeReplica.attach(replica.port), link, told }
}

async function reaches({ control }: Stage, offset: number): Promise<void> {
  await until(
    async () => /^slave_repl_offset:(\d+)/m.exec((await control.call('INFO', 'replication')).text ?? '')?.[1],
    shown => shown === String(offset),
  )
}

const send = (socket: Socket, bytes: Buffer) => new Promise<void>(resolve => socket.write(bytes, () => resolve()))

describe('a stream in pieces of any size', () => {
  test(`is obeyed, counted and relayed as one request after the other (seed ${SEED})`, async () => {
    const stage = await setUp()
    const { control, below, link, told } = stage
    let offset = START
    await fc.assert(
      fc.asyncProperty(cases, async ({ parts, cuts, pausedAt }) => {
        const all: Part[] = [single(['SELECT', '0'], false), single(['FLUSHALL']), ...parts, silent(GETACK)]
        const bytes = Buffer.from(all.map(each => each.bytes).join(''), 'latin1')
        const asked = told.length
        const pieces = [
          0,
          ...cuts.map(cut => Math.floor((cut * bytes.length) / 1000)).sort((a, b) => a - b),
          bytes.length,
        ]

        for (let i = 1; i < pieces.length; i++) {
          if (pausedAt === i) {
            await reaches(stage, offset + executedWithin(all, pieces[i - 1], Number.POSITIVE_INFINITY))
            await control.call('CLIENT', 'PAUSE', '60000', 'WRITE')
          }
          await send(link, bytes.subarray(pieces[i - 1], pieces[i]))
          // Its answer tells that the piece has been read.
          await control.call('PING')
        }
        if (pausedAt < pieces.length && pausedAt > 0) {
          await reaches(stage, offset + executedWithin(all, bytes.length, pieces[pausedAt - 1]))
          await control.call('CLIENT', 'UNPAUSE')
        }
        await reaches(stage, offset + bytes.length)
        for (const command of all.flatMap(each => each.commands)) await plain.call(...command)

        expect((await below.between(offset, offset + bytes.length)).equals(bytes)).toBe(true)
        expect(await digest(control)).toBe(await digest(plain))
        let at = offset
        const wanted: number[] = []
        for (const each of all) {
          if (each.bytes === GETACK) wanted.push(at)
          at += each.bytes.length
        }
        // It also tells where it is once a second, unasked.
        const missing = (): number[] => {
          let next = asked
          return wanted.filter(each => {
            const found = told.indexOf(each, next)
            if (found >= 0) next = found + 1
            return found < 0
          })
        }
        await until(
          async () => missing(),
          left => left.length === 0,
          5000,
        )
        offset += bytes.length
      }),
      { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: 120_000 },
    )
  }, 900_000)
})

test('nothing is executed behind the end of the link, however the request that ends it has come', async () => {
  const last = resp('CLIENT', 'KILL', 'TYPE', 'master', 'SKIPME', 'no')
  for (const cut of [0, 5, last.length - 1]) {
    const stage = await setUp()
    await send(stage.link, Buffer.from(resp('SET', 'before', '1') + last.slice(0, cut)))
    await reaches(stage, START + resp('SET', 'before', '1').length)
    await send(stage.link, Buffer.from(last.slice(cut) + resp('SET', 'behind', '1')))
    await stage.replica.waitForLog('Connection with master lost')
    expect((await stage.control.call('EXISTS', 'before', 'behind')).text).toBe('1')
    stage.control.close()
    await stage.replica.stop()
  }
})

/** How much of the stream is executed when `length` bytes have come, of which those from `paused` on came in a pause of writes. */
function executedWithin(parts: readonly Part[], length: number, paused: number): number {
  let at = 0
  for (const { bytes, writes } of parts) {
    const end = at + bytes.length
    if (end > length || (writes && end > paused)) break
    at = end
  }
  return at
}

async function digest(client: RawClient): Promise<string | null> {
  return (await client.call('DEBUG', 'DIGEST')).text
}
