/** /metrics: what INFO says, under redis_exporter's names. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INFO_METRICS } from '../../src/http/metrics/info-metrics.js'
import { until } from '../interop/polling.js'
import { startRedisTs } from '../interop/stock.js'
import { follows } from '../interop/topology.js'
import { type Family, parseExposition } from './exposition.js'
import { ask, type HttpServer, startWithHttp } from './http-kit.js'

const clients: Redis[] = []

function clientOf(port: number): Redis {
  const client = new Redis(port, { retryStrategy: () => null })
  client.on('error', () => {})
  clients.push(client)
  return client
}

afterAll(() => {
  for (const client of clients) client.disconnect()
})

async function scrape(server: HttpServer): Promise<Map<string, Family>> {
  const response = await fetch(`${server.url}/metrics`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  return parseExposition(await response.text())
}

/** INFO everything, by section's title and field. */
async function infoOf(client: Redis): Promise<Map<string, Map<string, string>>> {
  const sections = new Map<string, Map<string, string>>()
  let section = new Map<string, string>()
  for (const line of (await client.info('everything')).split('\r\n')) {
    if (line.startsWith('# ')) sections.set(line.slice(2), (section = new Map()))
    else if (line.includes(':')) section.set(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1))
  }
  return sections
}

function value(families: ReadonlyMap<string, Family>, name: string, labels = ''): number | undefined {
  return families.get(name)?.samples.get(labels)
}

/** `calls=1,usec=2` */
function pairs(text = ''): Map<string, number> {
  return new Map(
    text
      .split(',')
      .map(pair => pair.split('=') as [string, string])
      .map(([name, n]) => [name, Number(n)]),
  )
}

/** Go up or down by themselves while nobody does anything, or by being asked for. */
const RESTLESS =
  /^(uptime|process_id|used_memory|allocator_|mem_|client_recent|used_cpu|eventloop|instantaneous|expire_cycle|total_net|total_reads|total_writes|total_commands)/

describe('a master that has done something', () => {
  let server: HttpServer
  let client: Redis

  beforeAll(async () => {
    server = await startWithHttp([
      '--appendonly',
      'yes',
      '--slowlog-log-slower-than',
      '0',
      '--latency-monitor-threshold',
      '1',
    ])
    client = clientOf(server.port)
    await client.mset({ a: '1', b: '2', c: '3' })
    await client.set('timed', 'x', 'EX', 1000)
    await client.lpush('list', 'element')
    await client.get('list').catch(() => {})
    await client.call('nonsense').catch(() => {})
    await client.mget('a', 'nothing', 'b')
    await client.select(3)
    await client.set('other', '1')
    await client.select(0)
    await client.bgsave()
    await client.config('GET', 'port')
    await until('it is saved', async () => (await infoOf(client)).get('Persistence')?.get('rdb_saves') === '1')
  })

  test('what INFO shows as one number is there as that number', async () => {
    const before = await infoOf(client)
    const families = await scrape(server)
    const after = await infoOf(client)
    let compared = 0
    for (const [title, { counters, gauges }] of Object.entries(INFO_METRICS)) {
      for (const [type, metrics] of [
        ['gauge', gauges],
        ['counter', counters],
      ] as const) {
        for (const [field, name] of metrics) {
          const shown = before.get(title)?.get(field)
          if (shown === undefined) continue
          const family = families.get(`redis_${name}`)
          expect(family?.type, field).toBe(type)
          const expected = shown === 'ok' ? 1 : shown === 'err' ? 0 : Number(shown)
          const scraped = family?.samples.get('') ?? Number.NaN
          compared++
          if (!RESTLESS.test(field)) expect(scraped, field).toBe(expected)
          else if (type === 'counter') {
            expect(scraped, field).toBeGreaterThanOrEqual(expected)
            expect(scraped, field).toBeLessThanOrEqual(Number(after.get(title)?.get(field)))
          } else expect(Number.isFinite(scraped), field).toBe(true)
        }
      }
    }
    expect(compared).toBeGreaterThan(120)
  })

  test('memory is what INFO memory says', async () => {
    const families = await scrape(server)
    const memory = (await infoOf(client)).get('Memory') ?? new Map<string, string>()
    const near = (name: string, field: string, bytes: number): void => {
      const difference = Math.abs((value(families, `redis_${name}`) ?? Number.NaN) - Number(memory.get(field)))
      expect(difference, name).toBeLessThanOrEqual(bytes)
    }
    near('memory_used_bytes', 'used_memory', 16_384)
    near('memory_used_peak_bytes', 'used_memory_peak', 65_536)
    near('memory_used_dataset_bytes', 'used_memory_dataset', 16_384)
    near('memory_max_bytes', 'maxmemory', 0)
    near('total_system_memory_bytes', 'total_system_memory', 0)
    near('memory_used_rss_bytes', 'used_memory_rss', 32 * 1024 * 1024)
  })

  test('the instance is named', async () => {
    const families = await scrape(server)
    const info = await infoOf(client)
    expect(value(families, 'redis_up')).toBe(1)
    const [labels] = families.get('redis_instance_info')?.samples.keys() ?? []
    for (const [section, field] of [
      ['Replication', 'role'],
      ['Server', 'redis_version'],
      ['Server', 'run_id'],
      ['Server', 'tcp_port'],
      ['Server', 'process_id'],
      ['Memory', 'maxmemory_policy'],
      ['Replication', 'master_replid'],
    ]) {
      expect(labels).toContain(`${field}="${info.get(section)?.get(field)}"`)
    }
    const started = value(families, 'redis_start_time_seconds') ?? 0
    const uptime = Number(info.get('Server')?.get('uptime_in_seconds'))
    expect(Math.abs(started + uptime - Date.now() / 1000)).toBeLessThan(3)
  })

  test('databases are counted as INFO keyspace counts them', async () => {
    const families = await scrape(server)
    const keyspace = (await infoOf(client)).get('Keyspace') ?? new Map<string, string>()
    expect([...keyspace.keys()]).toEqual(['db0', 'db3'])
    for (const [db, text] of keyspace) {
      const figures = pairs(text)
      expect(value(families, 'redis_db_keys', `{db="${db}"}`)).toBe(figures.get('keys'))
      expect(value(families, 'redis_db_keys_expiring', `{db="${db}"}`)).toBe(figures.get('expires'))
      const seconds = value(families, 'redis_db_avg_ttl_seconds', `{db="${db}"}`) ?? Number.NaN
      expect(Math.abs(seconds - (figures.get('avg_ttl') ?? 0) / 1000)).toBeLessThan(5)
    }
  })

  test('commands are counted as INFO commandstats counts them', async () => {
    const families = await scrape(server)
    const info = await infoOf(client)
    const stats = info.get('Commandstats') ?? new Map<string, string>()
    for (const [field, text] of stats) {
      const cmd = field.replace('cmdstat_', '')
      if (cmd === 'info') continue
      const figures = pairs(text)
      const labels = `{cmd="${cmd}"}`
      expect(value(families, 'redis_commands_total', labels), cmd).toBe(figures.get('calls'))
      expect(value(families, 'redis_commands_duration_seconds_total', labels), cmd).toBe(
        (figures.get('usec') ?? 0) / 1e6,
      )
      expect(value(families, 'redis_commands_failed_calls_total', labels), cmd).toBe(figures.get('failed_calls'))
      expect(value(families, 'redis_commands_rejected_calls_total', labels), cmd).toBe(figures.get('rejected_calls'))
    }
    expect(value(families, 'redis_commands_total', '{cmd="config|get"}')).toBe(1)
    expect(value(families, 'redis_commands_failed_calls_total', '{cmd="get"}')).toBe(1)
  })

  test('times are those of INFO latencystats', async () => {
    const families = await scrape(server)
    const latencies = (await infoOf(client)).get('Latencystats') ?? new Map<string, string>()
    for (const [field, text] of latencies) {
      const cmd = field.replace('latency_percentiles_usec_', '')
      if (cmd === 'info') continue
      for (const [percentile, time] of pairs(text)) {
        const quantile = { p50: '0.5', p99: '0.99', 'p99.9': '0.999' }[percentile]
        const labels = `{cmd="${cmd}",quantile="${quantile}"}`
        expect(value(families, 'redis_latency_percentiles_usec', labels), labels).toBe(time)
      }
    }
    const histogram = families.get('redis_commands_latencies_usec')?.samples
    const calls = value(families, 'redis_commands_total', '{cmd="mset"}')
    expect(histogram?.get('_bucket{cmd="mset",le="+Inf"}')).toBe(calls)
    expect(histogram?.get('_count{cmd="mset"}')).toBe(calls)
  })

  test('errors are counted by their codes, the slow log has its length', async () => {
    const families = await scrape(server)
    const info = await infoOf(client)
    for (const [field, text] of info.get('Errorstats') ?? []) {
      const labels = `{err="${field.replace('errorstat_', '')}"}`
      expect(value(families, 'redis_errors_total', labels)).toBe(pairs(text).get('count'))
    }
    expect(value(families, 'redis_errors_total', '{err="WRONGTYPE"}')).toBe(1)
    const before = await client.slowlog('LEN')
    const later = await scrape(server)
    expect(value(later, 'redis_slowlog_length')).toBe(Math.min(128, Number(before) + 1))
    const [entry] = (await client.slowlog('GET', 1)) as [[number, number, number]]
    expect(value(later, 'redis_slowlog_last_id')).toBe(entry[0])
    expect(value(later, 'redis_last_slow_execution_duration_seconds')).toBe(entry[2] / 1e6)
  })

  test('the event loop shows how late it comes', async () => {
    await until('it has come often', async () => {
      return (value(await scrape(server), 'redis_ts_event_loop_delay_seconds', '_count') ?? 0) > 10
    })
    const { samples } = (await scrape(server)).get('redis_ts_event_loop_delay_seconds') as Family
    const counts = [...samples].filter(([key]) => key.startsWith('_bucket')).map(([, count]) => count)
    expect(counts).toEqual([...counts].sort((a, b) => a - b))
    expect(samples.get('_bucket{le="+Inf"}')).toBe(samples.get('_count'))
  })

  test('codes that a script makes up break nothing', async () => {
    await client.eval('return redis.error_reply(ARGV[1])', 0, 'CO"D\\E\xff{} text').catch(() => {})
    const families = await scrape(server)
    expect([...(families.get('redis_errors_total')?.samples.keys() ?? [])].join()).toContain('CO\\"D\\\\E')
  })
})

test('a master shows its replicas, a replica its master', async () => {
  const master = await startWithHttp(['--repl-diskless-sync-delay', '0'])
  const replica = await startWithHttp(['--replicaof', '127.0.0.1', String(master.port)])
  await follows(replica.port, master.port)
  await clientOf(master.port).set('key', 'value')
  const offset = Number((await infoOf(clientOf(master.port))).get('Replication')?.get('master_repl_offset'))
  const labels = `{slave_ip="127.0.0.1",slave_port="${replica.port}",slave_state="online"}`
  await until('the replica has acknowledged it', async () => {
    return (value(await scrape(master), 'redis_connected_slave_offset_bytes', labels) ?? 0) >= offset
  })
  const ofMaster = await scrape(master)
  expect(value(ofMaster, 'redis_connected_slaves')).toBe(1)
  expect(value(ofMaster, 'redis_connected_slave_lag_seconds', labels)).toBeLessThanOrEqual(1)
  expect(ofMaster.has('redis_master_link_up')).toBe(false)

  const ofReplica = await scrape(replica)
  const itsMaster = `master_host="127.0.0.1",master_port="${master.port}"`
  expect(value(ofReplica, 'redis_slave_info', `{${itsMaster},read_only="1"}`)).toBe(1)
  expect(value(ofReplica, 'redis_master_link_up', `{${itsMaster}}`)).toBe(1)
  expect(value(ofReplica, 'redis_master_last_io_seconds_ago', `{${itsMaster}}`)).toBeGreaterThanOrEqual(0)
  expect(value(ofReplica, 'redis_slave_repl_offset', `{${itsMaster}}`)).toBeGreaterThanOrEqual(offset)
  master.kill('SIGKILL')
  await until('the link is down', async () => {
    return value(await scrape(replica), 'redis_master_link_up', `{${itsMaster}}`) === 0
  })
})

test('many scrapes at once are one piece of work', async () => {
  const server = await startWithHttp()
  const answers = await Promise.all(Array.from({ length: 30 }, () => ask(server.httpPort, 'GET /metrics')))
  for (const { body, status } of answers) {
    expect(status).toBe(200)
    parseExposition(body)
  }
})

test('without latency-tracking there are no times', async () => {
  const server = await startWithHttp(['--latency-tracking', 'no'])
  await clientOf(server.port).ping()
  const families = await scrape(server)
  expect(families.has('redis_latency_percentiles_usec')).toBe(false)
  expect(value(families, 'redis_commands_total', '{cmd="ping"}')).toBe(1)
})

test('a server without http-port listens for no HTTP', async () => {
  const { port } = await startRedisTs(['--save', ''])
  expect((await clientOf(port).config('GET', 'http-port')) as string[]).toEqual(['http-port', '0'])
})
