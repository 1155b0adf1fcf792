/** /health: 200 while the server does what it is there for. */
import { Redis } from 'ioredis'
import { afterAll, expect, test } from 'vitest'
import { ask as askRedis, until } from '../interop/polling.js'
import { follows } from '../interop/topology.js'
import { type HttpServer, startWithHttp } from './http-kit.js'

const clients: Redis[] = []

afterAll(() => {
  for (const client of clients) client.disconnect()
})

function clientOf(port: number): Redis {
  const client = new Redis(port, { retryStrategy: () => null })
  client.on('error', () => {})
  clients.push(client)
  return client
}

async function health({ url }: Pick<HttpServer, 'url'>): Promise<[number, unknown]> {
  const response = await fetch(`${url}/health`)
  return [response.status, await response.json()]
}

function says(server: Pick<HttpServer, 'url'>, status: string): Promise<void> {
  return until(`/health says ${status}`, async () => {
    const [code, body] = await health(server)
    return code === 503 && JSON.stringify(body) === JSON.stringify({ status })
  })
}

test('a master and a replica that serve say so', async () => {
  const master = await startWithHttp(['--repl-diskless-sync-delay', '0'])
  const replica = await startWithHttp(['--replicaof', '127.0.0.1', String(master.port)])
  await follows(replica.port, master.port)
  expect(await health(master)).toEqual([200, { status: 'ok', role: 'master' }])
  expect(await health(replica)).toEqual([200, { status: 'ok', role: 'replica' }])
})

test('a replica that has lost its master is well as long as it may serve old data', async () => {
  const master = await startWithHttp(['--repl-diskless-sync-delay', '0'])
  const replica = await startWithHttp(['--replicaof', '127.0.0.1', String(master.port)])
  await follows(replica.port, master.port)
  master.kill('SIGKILL')
  await master.exited
  const client = clientOf(replica.port)
  await until('the link is down', async () => (await client.info('replication')).includes('master_link_status:down'))
  expect(await health(replica)).toEqual([200, { status: 'ok', role: 'replica' }])
  await client.config('SET', 'replica-serve-stale-data', 'no')
  expect(await health(replica)).toEqual([503, { status: 'master-link-down' }])
})

test('a server that loads is there to say so', async () => {
  const first = await startWithHttp(['--enable-debug-command', 'yes'])
  await clientOf(first.port).call('DEBUG', 'POPULATE', '10000')
  await clientOf(first.port).save()
  await first.stop()
  const { dir, httpPort, port, url } = first
  const starting = startWithHttp(['--key-load-delay', '1000'], { dir, httpPort, port })
  await says({ url }, 'loading')
  await askRedis(port, 'CONFIG', 'SET', 'key-load-delay', '0')
  const server = await starting
  expect(await health(server)).toEqual([200, { status: 'ok', role: 'master' }])
})

test('a script that does not end is told of', async () => {
  const server = await startWithHttp(['--busy-reply-threshold', '10'])
  const client = clientOf(server.port)
  const script = client.eval('while true do end', 0).catch(() => {})
  await says(server, 'busy')
  await askRedis(server.port, 'SCRIPT', 'KILL')
  await script
  expect(await health(server)).toEqual([200, { status: 'ok', role: 'master' }])
})
