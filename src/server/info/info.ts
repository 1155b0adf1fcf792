/** INFO's text: sections of "field:value" lines. Fields and their order are those of Redis 7.2 (genRedisInfoString in server.c). */
import type { Command } from '../../commands/command.js'
import type { ServerApi } from '../../commands/server-api.js'
import { formatPercentile } from '../../config/kinds/lists.js'
import { shownCode } from '../../observe/error-codes.js'
import { infoLines } from '../../replication/info-lines.js'
import { cpuFields } from './info-cpu.js'
import type { Field } from './info-field.js'
import { memoryFields } from './info-memory.js'
import { persistenceFields } from './info-persistence.js'
import { serverFields } from './info-server.js'
import { statsFields } from './info-stats.js'

interface Section {
  readonly title: string
  /** Further names that INFO takes for it. */
  readonly alias?: string
  /** Shown without being asked for. */
  readonly standard: boolean
  /** Shown only when asked for by name: not part of "all" either. */
  readonly hidden?: boolean
  fields(server: ServerApi): readonly Field[]
}

const sections: readonly Section[] = [
  { title: 'Server', standard: true, fields: serverFields },
  { title: 'Clients', standard: true, fields: clientsFields },
  { title: 'Memory', standard: true, fields: memoryFields },
  { title: 'Persistence', standard: true, fields: persistenceFields },
  { title: 'Stats', standard: true, fields: statsFields },
  { title: 'Replication', standard: true, fields: replicationFields },
  { title: 'CPU', standard: true, fields: cpuFields },
  { title: 'Modules', alias: 'module_list', standard: true, fields: () => [] },
  { title: 'Commandstats', standard: false, fields: commandFields },
  { title: 'Errorstats', standard: true, fields: errorFields },
  { title: 'Latencystats', standard: false, fields: latencyFields },
  { title: 'Cluster', standard: true, fields: () => [['cluster_enabled', 0]] },
  { title: 'Keyspace', standard: true, fields: keyspaceFields },
  { title: 'Debug', standard: false, hidden: true, fields: debugFields },
]

/**
 * The text of the sections named (in lower case), in INFO's own order; "default", "all" and "everything" stand for several. A
 * name that is none adds nothing. One character a byte.
 */
export function infoText(server: ServerApi, names: readonly string[]): string {
  const asked = new Set(names)
  const all = asked.has('all') || asked.has('everything')
  const standard = asked.has('default')
  const parts: string[] = []
  for (const section of sections) {
    const named = asked.has(section.title.toLowerCase()) || (section.alias !== undefined && asked.has(section.alias))
    if (!(all && !section.hidden) && !named && !(standard && section.standard)) continue
    let text = `# ${section.title}\r\n`
    for (const [name, value] of section.fields(server)) text += `${name}:${value}\r\n`
    parts.push(text)
  }
  return parts.join('\r\n')
}

/** The fields of the section of this title: INFO's, for those who want them one by one. */
export function infoFields(server: ServerApi, title: string): readonly Field[] {
  return sections.find(section => section.title === title)?.fields(server) ?? []
}

function clientsFields({ clients, config, keyspace, keyWaits, replication, stats, tracking }: ServerApi): Field[] {
  const { recentInput, recentOutput } = stats
  const now = keyspace.time.now()
  let blocked = 0
  let subscribed = 0
  let watching = 0
  for (const client of clients.values()) {
    const { transport } = client
    if (client.isBlocked) blocked++
    if (client.subscriptions.total > 0) subscribed++
    if (client.watched !== null) watching++
    recentInput.note(transport.pendingInputBytes, now)
    recentOutput.note(transport.pendingOutputBytes, now)
  }
  return [
    ['connected_clients', Math.max(0, clients.size - replication.replicas.count)],
    ['cluster_connections', 0],
    ['maxclients', config.values.maxclients],
    ['client_recent_max_input_buffer', recentInput.peak(now)],
    ['client_recent_max_output_buffer', recentOutput.peak(now)],
    ['blocked_clients', blocked],
    ['tracking_clients', tracking.clientCount],
    ['pubsub_clients', subscribed],
    ['watching_clients', watching],
    ['clients_in_timeout_table', keyWaits.timedCount + replication.waiters.timedCount],
    ['total_watched_keys', keyspace.databases.reduce((sum, { watchers }) => sum + watchers.count, 0)],
    ['total_blocking_keys', keyWaits.keyCount],
    ['total_blocking_keys_on_nokey', keyWaits.goneKeyCount],
  ]
}

function replicationFields({ replication }: ServerApi): Field[] {
  return infoLines(replication).map(line => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1)]
  })
}

function commandFields({ commands }: ServerApi): Field[] {
  const fields: Field[] = []
  const add = ({ calls, failedCalls, fullName, milliseconds, rejectedCalls, subcommands }: Command): void => {
    if (calls > 0 || failedCalls > 0 || rejectedCalls > 0) {
      const microseconds = milliseconds * 1000
      const average = calls === 0 ? 0 : microseconds / calls
      const value =
        `calls=${calls},usec=${Math.round(microseconds)},usec_per_call=${average.toFixed(2)}` +
        `,rejected_calls=${rejectedCalls},failed_calls=${failedCalls}`
      fields.push([`cmdstat_${fullName}`, value])
    }
    for (const subcommand of subcommands?.values() ?? []) add(subcommand)
  }
  for (const command of commands.all) add(command)
  return fields
}

/** With latency-tracking off, what was measured before is not shown. */
function latencyFields({ commands, config }: ServerApi): Field[] {
  const fields: Field[] = []
  if (!config.values['latency-tracking']) return fields
  const percentiles = config.values['latency-tracking-info-percentiles']
  const add = ({ fullName, latency, subcommands }: Command): void => {
    if (latency !== null) {
      const times = latency.percentiles(percentiles)
      const shown = percentiles.map((p, i) => `p${formatPercentile(p)}=${times[i].toFixed(3)}`)
      fields.push([`latency_percentiles_usec_${fullName}`, shown.join(',')])
    }
    for (const subcommand of subcommands?.values() ?? []) add(subcommand)
  }
  for (const command of commands.all) add(command)
  return fields
}

function errorFields({ stats }: ServerApi): Field[] {
  const codes = [...stats.errors].sort(([a], [b]) => (a < b ? -1 : 1))
  return codes.map(([code, count]) => [`errorstat_${shownCode(code)}`, `count=${count}`])
}

function keyspaceFields({ keyspace }: ServerApi): Field[] {
  const fields: Field[] = []
  // Hashes with fields that expire, as Redis 7.4 counts them; where there are none the line is that of 7.2.
  const expiringHashes = new Int32Array(keyspace.databases.length)
  for (const { database } of keyspace.fieldExpiries.values()) expiringHashes[database.index]++
  for (const { averageTtlMs, expires, index, keys } of keyspace.databases) {
    if (keys.count === 0) continue
    const expiring = expiringHashes[index]
    const subexpiry = expiring === 0 ? '' : `,subexpiry=${expiring}`
    fields.push([`db${index}`, `keys=${keys.count},expires=${expires.count},avg_ttl=${averageTtlMs}${subexpiry}`])
  }
  return fields
}

/** All in microseconds but the last. */
function debugFields({ eventLoop }: ServerApi): Field[] {
  return [
    ['eventloop_duration_aof_sum', Math.round(eventLoop.aofMs * 1000)],
    ['eventloop_duration_cron_sum', Math.round(eventLoop.cronMs * 1000)],
    ['eventloop_duration_max', Math.round(eventLoop.longestMs * 1000)],
    ['eventloop_cmd_per_cycle_max', eventLoop.mostCommands],
  ]
}
