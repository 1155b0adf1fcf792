/**
 * Nobody waits for a big value: neither while it is saved, nor while it is sent to a replica, nor while it is loaded. What is
 * measured are the turns of the server's event loop, in a process of its own.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { linkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, askText, info, linkUp, until } from '../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, tempDir } from '../interop/stock.js'

/** In one go, these values take from 100 ms to 2 s; in slices, five at most. */
const LONGEST_TURN_MS = 50
const MEGABYTE = 1 << 20
const STRING_BYTES = 300 * MEGABYTE
const TEXT_BYTES = 12 * MEGABYTE
const FIELD_BYTES = 40 * MEGABYTE
const FIELDS = 400_000
const FIELD_VALUE_BYTES = 100
const KEYS = 4
const PATIENCE_MS = 30_000

/** The longest turn since the last look, in milliseconds: by the clock, and what of that was work rather than waiting for a CPU. */
interface Turn {
  readonly clock: number
  readonly work: number
}

interface Measured {
  readonly port: number
  readonly dir: string
  longest(): Promise<Turn>
  stop(): Promise<void>
}

const children = new Set<ChildProcess>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

async function startMeasured(options: Record<string, string | number | boolean>, dir = tempDir()): Promise<Measured> {
  const child = fork(join(import.meta.dirname, 'measured-server.mjs'))
  children.add(child)
  async function request<T>(name: string, argument?: unknown): Promise<T> {
    child.send({ name, argument })
    const [{ value, error }] = await once(child, 'message')
    if (error !== undefined) throw new Error(error)
    return value
  }
  const port = await request<number>('start', {
    port: 0,
    save: '',
    dir,
    'enable-debug-command': 'yes',
    'repl-diskless-sync-delay': 0,
    ...options,
  })
  return {
    port,
    dir,
    longest: () => request<Turn>('longest'),
    async stop() {
      await request('stop')
      await once(child, 'exit')
      children.delete(child)
    },
  }
}

/** Half of it noise, half text. */
function bytes(size: number): Buffer {
  const block = Buffer.alloc(128 * 1024, 'text that is compressed, and compressed, and compressed. ')
  randomFillSync(block, 0, block.length / 2)
  const all = Buffer.allocUnsafeSlow(size)
  for (let at = 0; at < size; at += block.length) block.copy(all, at)
  return all
}

/** Strings and hashes that are much too big to be dealt with in one turn. */
async function fill(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  const send = (bytes: Buffer | string): Promise<unknown> | undefined =>
    socket.write(bytes) ? undefined : once(socket, 'drain')
  const command = async (...args: (string | Buffer)[]): Promise<void> => {
    let text = `*${args.length}\r\n`
    for (const arg of args) {
      text += `$${arg.length}\r\n`
      if (typeof arg === 'string') text += `${arg}\r\n`
      else {
        await send(text)
        await send(arg)
        text = '\r\n'
      }
    }
    await send(text)
  }
  await command('SET', 'string', bytes(STRING_BYTES))
  await command('SET', 'text', bytes(TEXT_BYTES))
  await command('HSET', 'hash', 'big', bytes(FIELD_BYTES))
  const value = 'v'.repeat(FIELD_VALUE_BYTES)
  for (let i = 0; i < FIELDS; i += 1000) {
    await command('HSET', 'hash', ...Array.from({ length: 1000 }, (_, j) => [`field:${i + j}`, value]).flat())
  }
  await command('SET', 'last', 'one')
  socket.end()
  await until('all is there', async () => (await askText(port, 'GET', 'last')) === 'one', PATIENCE_MS)
}

function expectShort(what: string, { clock, work }: Turn): void {
  if (process.env.REDIS_TS_SHOW_TURNS === '1') {
    console.log(`${what}: ${work.toFixed(1)} ms (${clock.toFixed(1)} by the clock)`)
  }
  expect(work, what).toBeLessThan(LONGEST_TURN_MS)
}

async function expectWhole(port: number): Promise<void> {
  expect(await askText(port, 'DBSIZE')).toBe(String(KEYS))
  expect(await askText(port, 'STRLEN', 'string')).toBe(String(STRING_BYTES))
  expect(await askText(port, 'HLEN', 'hash')).toBe(String(FIELDS + 1))
  expect(await askText(port, 'HSTRLEN', 'hash', 'big')).toBe(String(FIELD_BYTES))
}

let master: Measured
beforeAll(async () => {
  master = await startMeasured({})
  await fill(master.port)
}, 60_000)
afterAll(() => master.stop())

async function save(): Promise<void> {
  const before = (await info(master.port, 'persistence')).get('rdb_saves')
  expect(await askText(master.port, 'BGSAVE')).toBe('Background saving started')
  const saved = async (): Promise<boolean> => {
    const fields = await info(master.port, 'persistence')
    return fields.get('rdb_saves') !== before && fields.get('rdb_bgsave_in_progress') === '0'
  }
  await until('it is saved', saved, PATIENCE_MS)
}

test('BGSAVE, over a file that is there', async () => {
  writeFileSync(join(master.dir, 'dump.rdb'), bytes(STRING_BYTES))
  await master.longest()
  await save()
  expectShort('BGSAVE', await master.longest())
})

/** Two servers that have loaded the file. */
let started: Promise<Measured[]> | null = null
async function startLoading(): Promise<Measured[]> {
  const file = join(master.dir, 'dump.rdb')
  if ((await info(master.port, 'persistence')).get('rdb_saves') === '0') await save()
  const dirs = [tempDir(), tempDir()]
  for (const dir of dirs) linkSync(file, join(dir, 'dump.rdb'))
  return Promise.all(dirs.map(dir => startMeasured({}, dir)))
}
function loaded(): Promise<Measured[]> {
  started ??= startLoading()
  return started
}
afterAll(async () => {
  for (const server of (await started) ?? []) await server.stop()
})

test('loading at the start', async () => {
  for (const server of await loaded()) {
    expectShort('loading', await server.longest())
    await expectWhole(server.port)
  }
})

/** Replicas with other data, which they have to get rid of, synchronize from nothing. */
async function sync(from: { port: number }, ...replicas: { port: number }[]): Promise<void> {
  const fullSyncs = async (): Promise<number> => Number((await info(from.port, 'stats')).get('sync_full'))
  const before = await fullSyncs()
  for (const { port } of replicas) {
    await ask(port, 'REPLICAOF', 'NO', 'ONE')
    await ask(port, 'SET', 'other', 'history')
  }
  for (const { port } of replicas) await ask(port, 'REPLICAOF', '127.0.0.1', String(from.port))
  for (const { port } of replicas) {
    await linkUp(port, PATIENCE_MS)
    await expectWhole(port)
  }
  expect(await fullSyncs()).toBeGreaterThanOrEqual(before + replicas.length)
}

describe('a full synchronization', () => {
  test.each([
    ['diskless, to memory', 'yes', 'swapdb'],
    ['by way of disk, to a file', 'no', 'disabled'],
  ])('%s: master and replica', async (what, diskless, load) => {
    const [replica] = await loaded()
    await ask(master.port, 'CONFIG', 'SET', 'repl-diskless-sync', diskless)
    await ask(replica.port, 'CONFIG', 'SET', 'repl-diskless-load', load)
    await Promise.all([master.longest(), replica.longest()])
    await sync(master, replica)
    expectShort(`master, ${what}`, await master.longest())
    expectShort(`replica, ${what}`, await replica.longest())
    await ask(replica.port, 'REPLICAOF', 'NO', 'ONE')
  })
})

describe('beside redis-server', requireStock('redis-server'), () => {
  let stock: RunningServer
  beforeAll(async () => {
    stock = await startRedisServer(['--save', '', '--repl-diskless-sync-delay', '0', '--enable-debug-command', 'yes'])
  })
  afterAll(async () => {
    await stock.stop()
  })

  test.each(['yes', 'no'])('as its master, diskless: %s', async diskless => {
    await ask(master.port, 'CONFIG', 'SET', 'repl-diskless-sync', diskless)
    await master.longest()
    await sync(master, stock)
    expectShort(`master of redis-server, diskless: ${diskless}`, await master.longest())
  })

  test('both have the same data', async () => {
    const digests = [stock, master].map(({ port }) => askText(port, 'DEBUG', 'DIGEST'))
    expect(await digests[0]).toBe(await digests[1])
  })

  test('as its replicas, repl-diskless-load swapdb and disabled', async () => {
    const replicas = await loaded()
    const ways = ['swapdb', 'disabled']
    await ask(stock.port, 'REPLICAOF', 'NO', 'ONE')
    for (const [i, load] of ways.entries()) {
      await ask(replicas[i].port, 'CONFIG', 'SET', 'repl-diskless-load', load)
      await replicas[i].longest()
    }
    await sync(stock, ...replicas)
    for (const [i, load] of ways.entries()) {
      expectShort(`replica of redis-server, repl-diskless-load ${load}`, await replicas[i].longest())
    }
  })
})
