/**
 * deploy/compose.yaml without Docker: what its services would run, with their environment and their files, on addresses of the loopback
 * network. Every test goes on from where the one before it ended.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { until } from '../interop/polling.js'
import { freePort, REDIS_TS, type RunningProgram, requireStock, startProgram, tempDir } from '../interop/stock.js'

interface Service {
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly networks: { readonly redis: { readonly ipv4_address: string } }
  readonly volumes: readonly string[]
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const FOLDER = join(process.cwd(), 'deploy')
const PASSWORD = 'chosen'
const compose: Compose = parse(readFileSync(join(FOLDER, 'compose.yaml'), 'utf8'), { merge: true })
const servers = ['redis-0', 'redis-1', 'redis-2']
const sentinels = ['sentinel-0', 'sentinel-1', 'sentinel-2']

test('each server and each sentinel has an address and a volume of its own', () => {
  expect(Object.keys(compose.services)).toEqual([...servers, ...sentinels, 'haproxy'])
  const addresses = Object.values(compose.services).map(service => service.networks.redis.ipv4_address)
  expect(new Set(addresses).size).toBe(addresses.length)
  for (const name of [...servers, ...sentinels]) {
    const { environment, networks, volumes } = compose.services[name]
    expect(environment.ADDRESS).toBe(networks.redis.ipv4_address)
    expect(volumes).toContain(`${name}:/data`)
    expect(compose.volumes).toHaveProperty(name)
  }
})

test('the image is built from files that are there, and are sent to the builder', () => {
  const ignored = readFileSync(join(FOLDER, 'Dockerfile.dockerignore'), 'utf8').trim().split('\n')
  expect(ignored).toContain('node_modules')
  for (const needed of ['package.json', 'package-lock.json', 'src', 'build', 'bin', 'conf', 'README.md', 'LICENSE']) {
    expect(ignored).not.toContain(needed)
    expect(readdirSync('.')).toContain(needed)
  }
})

// Elsewhere the loopback network has one address only.
const runnable = process.platform === 'linux' ? requireStock('redis-sentinel', 'haproxy') : { skip: true }

describe('run by hand', runnable, () => {
  const ports = { server: 0, sentinel: 0, writes: 0, reads: 0 }
  const folders = new Map<string, string>()
  const programs = new Map<string, RunningProgram>()
  let files: string
  let writer: Redis
  let reader: Redis

  /** Addresses of the loopback network for those of the containers, and free ports. */
  function here(text: string): string {
    return text
      .replace(/10\.77\.0\.(\d+)/g, '127.77.0.$1')
      .replace(/\b26379\b/g, String(ports.sentinel))
      .replace(/\b6379\b/g, String(ports.server))
      .replace('bind * -::*', 'bind $ADDRESS')
      .replace('bind :7100', `bind 127.0.0.1:${ports.writes}`)
      .replace('bind :7101', `bind 127.0.0.1:${ports.reads}`)
      .replace('down-after-milliseconds mymaster 5000', 'down-after-milliseconds mymaster 1000')
      .replace('failover-timeout mymaster 60000', 'failover-timeout mymaster 5000')
  }

  const addressOf = (name: string): string => here(compose.services[name].networks.redis.ipv4_address)

  async function start(name: string, ready: string): Promise<void> {
    const { entrypoint = [], command = [], environment } = compose.services[name]
    const words = [...entrypoint, ...command].map(word => word.replace('/compose/', `${files}/`))
    const env: Record<string, string> = { PATH: `${dirname(REDIS_TS)}:${process.env.PATH}` }
    for (const [key, value] of Object.entries(environment)) {
      env[key] = here(value.replace(/^\$\{REDIS_PASSWORD:\?[^}]*\}$/, PASSWORD))
    }
    const dir = folders.get(name) ?? tempDir()
    folders.set(name, dir)
    // A volume is the folder that a container works in.
    const argv = ['-c', 'cd "$0" && exec "$@"', dir, ...words]
    programs.set(name, await startProgram('sh', argv, { name, ready, env }))
  }

  async function replication(name: string): Promise<string> {
    const client = new Redis(ports.server, addressOf(name), { password: PASSWORD, retryStrategy: () => null })
    client.on('error', () => {})
    try {
      return await client.info('replication')
    } finally {
      client.disconnect()
    }
  }

  beforeAll(async () => {
    for (const name of ['server', 'sentinel', 'writes', 'reads'] as const) ports[name] = await freePort()
    files = tempDir()
    mkdirSync(files, { recursive: true })
    cpSync(join(FOLDER, 'compose'), files, { recursive: true })
    for (const file of readdirSync(files)) {
      writeFileSync(join(files, file), here(readFileSync(join(files, file), 'utf8')))
    }
    await Promise.all(servers.map(name => start(name, 'Ready to accept connections')))
    await Promise.all(sentinels.map(name => start(name, '+monitor')))
    await start('haproxy', 'is DOWN')
    writer = new Redis(ports.writes, { password: PASSWORD })
    reader = new Redis(ports.reads, { password: PASSWORD })
    for (const client of [writer, reader]) client.on('error', () => {})
  })

  afterAll(async () => {
    writer?.disconnect()
    reader?.disconnect()
    await Promise.all([...programs.values()].map(program => program.stop()))
  })

  test('writes go to the master by way of HAProxy, reads to a replica', async () => {
    await until('a write is taken', async () => (await writer.set('key', 'before')) === 'OK')
    await until('a replica has it', async () => (await reader.get('key')) === 'before')
    expect(await writer.info('replication')).toContain('role:master')
    await until('reads go to a replica', async () => {
      const another = new Redis(ports.reads, { password: PASSWORD })
      const role = await another.info('replication')
      another.disconnect()
      return role.includes('role:slave')
    })
  })

  test('a replica takes over when the master is gone', async () => {
    await until('each sentinel knows the others and the replicas', async () => {
      const all = sentinels.map(async name => {
        const client = new Redis(ports.sentinel, addressOf(name), { protocol: 2 })
        const state = await client.info('sentinel')
        client.disconnect()
        return state.includes('status=ok') && state.includes('slaves=2,sentinels=3')
      })
      return (await Promise.all(all)).every(Boolean)
    })
    const master = programs.get('redis-0') as RunningProgram
    master.kill('SIGKILL')
    await master.exited
    await until('writes are taken again', async () => (await writer.set('key', 'after')) === 'OK', 30_000)
    expect(await writer.info('replication')).toContain('role:master')
  })

  test('the old master comes back as a replica, which it stays', async () => {
    await start('redis-0', 'Ready to accept connections')
    const isReplica = async () => (await replication('redis-0')).includes('role:slave')
    await until('Sentinel has told it', isReplica, 30_000)
    await until('its configuration says so', async () => {
      return readFileSync(join(folders.get('redis-0') as string, 'redis.conf'), 'utf8').includes('replicaof ')
    })
    await programs.get('redis-0')?.stop()
    await start('redis-0', 'Ready to accept connections')
    expect(await isReplica()).toBe(true)
  })
})
