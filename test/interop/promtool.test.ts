/** Prometheus's own checker reads /metrics. */
import { spawnSync } from 'node:child_process'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { startWithHttp } from '../http/http-kit.js'
import { requireStock } from './stock.js'
import { follows } from './topology.js'

/** Names of redis_exporter's that are against Prometheus's rules for names: dashboards need them as they are. */
const AGAINST_THE_RULES = [
  'redis_aof_current_rewrite_duration_sec',
  'redis_aof_last_rewrite_duration_sec',
  'redis_current_eviction_exceeded_time_ms',
  'redis_dump_payload_sanitizations',
  'redis_eviction_exceeded_time_ms_total',
  'redis_expire_cycle_cpu_time_ms_total',
  'redis_instantaneous_eventloop_cycles_per_sec',
  'redis_io_threaded_reads_processed',
  'redis_io_threaded_writes_processed',
  'redis_memory_used_vm_total',
  'redis_migrate_cached_sockets_total',
  'redis_rdb_current_bgsave_duration_sec',
  'redis_rdb_last_bgsave_duration_sec',
  'redis_total_error_replies',
  'redis_total_reads_processed',
  'redis_total_writes_processed',
  'redis_unexpected_error_replies',
]

/** The metrics that promtool finds fault with. It exits with 1 for what it cannot read at all, with 3 for names. */
async function faults(url: string): Promise<string[]> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], { input: metrics, encoding: 'utf8' })
  expect([0, 3], stderr + stdout).toContain(status)
  const lines = `${stdout}${stderr}`.split('\n').filter(line => line !== '')
  return [...new Set(lines.map(line => line.split(' ')[0]))].sort()
}

describe('promtool check metrics', requireStock('promtool'), () => {
  test('finds nothing but names that are redis_exporter’s', async () => {
    const master = await startWithHttp(['--appendonly', 'yes', '--repl-diskless-sync-delay', '0'])
    const replica = await startWithHttp(['--replicaof', '127.0.0.1', String(master.port)])
    await follows(replica.port, master.port)
    const client = new Redis(master.port)
    await client.set('key', 'value', 'EX', 1000)
    await client.lpush('key', 'x').catch(() => {})
    await client.eval('return redis.error_reply(ARGV[1])', 0, 'CO"D\\E{} text').catch(() => {})
    expect(await faults(master.url)).toEqual(AGAINST_THE_RULES)
    expect(await faults(replica.url)).toEqual(AGAINST_THE_RULES)
    client.disconnect()
  })
})
