/** A topology inside a program: what a test of an application's failover does with it. */
import { existsSync } from 'node:fs'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, test } from 'vitest'
import { createTopology, type Topology, type TopologyOptions } from '../../src/index.js'

const open: Topology[] = []
const clients: Redis[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  await Promise.all(open.splice(0).map(topology => topology.close()))
})

async function start(options: TopologyOptions = {}): Promise<Topology> {
  const topology = await createTopology(options)
  open.push(topology)
  return topology
}

function clientOf(url: string): Redis {
  const client = new Redis(url, { retryStrategy: () => null })
  client.on('error', () => {})
  clients.push(client)
  return client
}

async function field(node: Topology['master'], name: string): Promise<string | undefined> {
  const text = (await node.command('INFO', 'replication')) as string
  return text.match(new RegExp(`^${name}:(.*)\r$`, 'm'))?.[1]
}

describe('a topology', () => {
  test('is a master and replicas with the same data, to which clients connect', async () => {
    const topology = await start({ replicas: 2 })
    expect(topology.nodes.map(({ name, role }) => `${name} ${role}`)).toEqual([
      'node-0 master',
      'node-1 replica',
      'node-2 replica',
    ])
    await clientOf(topology.master.url).set('order', 'paid')
    await topology.settled()
    for (const replica of topology.replicas) expect(await clientOf(replica.url).get('order')).toBe('paid')
    await expect(clientOf(topology.replicas[0].url).set('order', 'x')).rejects.toThrow('READONLY')
    expect(await field(topology.master, 'connected_slaves')).toBe('2')
    expect(await field(topology.replicas[0], 'master_port')).toBe(String(topology.master.port))
  })

  test('a replica is promoted when the master is killed, and that comes back as a replica with its place in the stream', async () => {
    const topology = await start()
    const [first, second] = topology.nodes
    await first.command('SET', 'order', 'paid')
    await topology.settled()
    const client = clientOf(first.url)
    expect(await client.get('order')).toBe('paid')
    const ended = new Promise(resolve => client.once('end', resolve))
    await first.kill()
    await ended
    expect(first.isRunning).toBe(false)
    await expect(first.command('GET', 'order')).rejects.toThrow('node-0 is killed')
    expect(() => first.server).toThrow('node-0 is killed')
    await second.promote()
    expect(topology.master).toBe(second)
    await second.command('SET', 'order', 'sent')
    await topology.settled()
    const { port } = first
    await first.restart()
    await topology.settled()
    expect(first.port).toBe(port)
    expect(first.role).toBe('replica')
    expect(await first.command('GET', 'order')).toBe('sent')
    expect(await field(second, 'role')).toBe('master')
    expect(topology.replicas.map(({ name }) => name)).toEqual(['node-0', 'node-2'])
    await expect(first.restart()).rejects.toThrow('node-0 is running')
  })

  test('a killed master that is started again has what it had, and its replicas go on without a full copy', async () => {
    const topology = await start({ replicas: 1 })
    await topology.master.server.seed({ list: ['a', 'b'], hash: { field: 'value' } })
    await topology.settled()
    const copies = await topology.master.command('INFO', 'stats')
    expect(copies).toContain('sync_full:1\r')
    await topology.master.kill()
    await topology.master.restart()
    await topology.settled()
    expect(await topology.master.command('LRANGE', 'list', 0, -1)).toEqual(['a', 'b'])
    expect(await topology.master.command('INFO', 'stats')).toContain('sync_full:0\r')
  })

  test('with an append-only file a kill loses what a crash would, and no more', async () => {
    const topology = await start({ replicas: 0, appendonly: true, appendfsync: 'always' })
    for (let i = 0; i < 100; i++) await topology.master.command('INCR', 'counter')
    await topology.master.kill()
    await topology.master.restart()
    expect(await topology.master.command('GET', 'counter')).toBe('100')
  })

  test('leaves nothing behind', async () => {
    const topology = await start({ replicas: 1 })
    const ports = topology.nodes.map(({ port }) => port)
    const [, dir] = Object.entries((await topology.master.command('CONFIG', 'GET', 'dir')) as { dir: string })[0]
    expect(existsSync(dir)).toBe(true)
    await topology.close()
    expect(existsSync(dir)).toBe(false)
    await expect(clientOf(`redis://127.0.0.1:${ports[0]}`).ping()).rejects.toThrow()
  })

  test('mistakes are named', async () => {
    await expect(createTopology({ replicas: -1 })).rejects.toThrow('replicas is -1; right would be a number of servers')
    await expect(createTopology({ maxmemory: 'lots' })).rejects.toThrow('maxmemory')
    const { link } = (await start({ replicas: 1 })).replicas[0]
    expect(() => link.delay(-1)).toThrow(RangeError)
    expect(() => link.throttle(0)).toThrow(
      'a link carries 0 bytes a second; right would be more than 0: cut() stops it',
    )
  })
})

describe('a link', () => {
  test('that is cut keeps the replica where it is, until it is healed', async () => {
    const topology = await start({ replicas: 2 })
    const [near, far] = topology.replicas
    far.link.cut()
    await topology.master.command('SET', 'order', 'paid')
    await expect(topology.settled({ timeoutMs: 50 })).rejects.toThrow('node-2 is not connected')
    expect(await near.command('GET', 'order')).toBe('paid')
    expect(await far.command('GET', 'order')).toBeNull()
    expect(await field(far, 'master_link_status')).toBe('down')
    expect(await topology.master.command('WAIT', 2, 50)).toBe(1)
    far.link.heal()
    await topology.settled()
    expect(await far.command('GET', 'order')).toBe('paid')
    expect(await topology.master.command('INFO', 'stats')).toContain('sync_partial_ok:1\r')
  })

  test('that is delayed brings everything so much later, in order', async () => {
    const topology = await start({ replicas: 1, clock: 'manual' })
    const [replica] = topology.replicas
    replica.link.delay(300)
    for (let i = 0; i < 50; i++) await topology.master.command('RPUSH', 'list', i)
    await topology.clock.advance(299)
    expect(await replica.command('LLEN', 'list')).toBe(0)
    await topology.clock.advance(2)
    expect(await replica.command('LRANGE', 'list', 0, -1)).toEqual(Array.from({ length: 50 }, (_, i) => String(i)))
  })

  test('that is narrow takes its time', async () => {
    const topology = await start({ replicas: 1, clock: 'manual' })
    const [replica] = topology.replicas
    replica.link.throttle(1000)
    await topology.master.command('SET', 'key', 'x'.repeat(5000))
    await topology.clock.advance(4900)
    expect(await replica.command('GET', 'key')).toBeNull()
    await topology.clock.advance(300)
    expect(await replica.command('STRLEN', 'key')).toBe(5000)
  })

  test('that is slow holds up a full copy as well', async () => {
    const topology = await start({ replicas: 1, clock: 'manual', 'enable-debug-command': 'yes' })
    const [replica] = topology.replicas
    await replica.kill()
    await topology.master.command('SET', 'key', 'x'.repeat(2000))
    await topology.master.command('DEBUG', 'CHANGE-REPL-ID')
    replica.link.delay(100)
    await replica.restart()
    await expect(topology.settled({ timeoutMs: 20 })).rejects.toThrow('node-1')
    await topology.clock.advance(5000)
    await topology.settled()
    expect(await replica.command('STRLEN', 'key')).toBe(2000)
  })
})

describe('on a manual clock', () => {
  test('keys expire on all servers when the master says so', async () => {
    const topology = await start({ clock: 'manual' })
    await topology.master.command('SET', 'session', 'x', 'EX', 10)
    await topology.settled()
    await topology.clock.advance(10_000)
    for (const node of topology.nodes) expect(await node.command('GET', 'session')).toBe('x')
    await topology.clock.advance(1)
    for (const node of topology.nodes) expect(await node.command('DBSIZE')).toBe(0)
  })

  test('hours pass without a replica giving up, and one that hears nothing gives up after repl-timeout', async () => {
    const topology = await start({ clock: 'manual', replicas: 1 })
    const [replica] = topology.replicas
    await topology.clock.advance(3 * 3600 * 1000)
    await topology.settled()
    expect(await topology.master.command('INFO', 'stats')).toContain('sync_full:1\r')
    expect(await field(replica, 'master_link_status')).toBe('up')
    replica.link.delay(1e9)
    await topology.clock.advance(70_000)
    expect(await field(replica, 'master_link_status')).toBe('down')
  })
})
