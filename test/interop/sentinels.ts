import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from './polling.js'
import { cli, freePort, type RunningProgram, startProgram, tempDir } from './stock.js'

/** The name under which all of them watch their master. */
export const MASTER_NAME = 'mymaster'

/**
 * What shortens the waits of a test: how often Sentinel looks at servers and talks to its like. A clock that seems to jump, as on
 * a busy machine, must not stop it. Links are made anew once a ping period: down-after-milliseconds must be longer, or else a
 * server whose clients Sentinel kills counts as down.
 */
const HURRY = {
  'ping-period': 500,
  'info-period': 300,
  'publish-period': 300,
  'ask-period': 300,
  'tilt-trigger': 60_000,
}

export interface SentinelsOptions {
  /** Config files, one for each; `port` lines are replaced. */
  configs: readonly string[]
  /** How many replicas they have to find. */
  replicas: number
}

/** A config file for each of three Sentinels over the master on this port. */
export function sentinelConfigs(master: number, ...settings: string[]): string[] {
  const lines = [
    'port 26379',
    `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${master} 2`,
    `sentinel down-after-milliseconds ${MASTER_NAME} 1000`,
    `sentinel failover-timeout ${MASTER_NAME} 3000`,
    ...settings,
  ]
  return Array.from({ length: 3 }, () => `${lines.join('\n')}\n`)
}

/** Stock redis-sentinel processes that watch one master. */
export class Sentinels {
  readonly ports: readonly number[]
  private readonly programs: readonly RunningProgram[]

  private constructor(ports: readonly number[], programs: readonly RunningProgram[]) {
    this.ports = ports
    this.programs = programs
  }

  /** Starts them; resolves when each knows all the others and the replicas, and has seen all of them up. */
  static async start({ configs, replicas }: SentinelsOptions): Promise<Sentinels> {
    const ports = await Promise.all(configs.map(() => freePort()))
    const start = (config: string, i: number): Promise<RunningProgram> => {
      const file = join(tempDir(), 'sentinel.conf')
      writeFileSync(file, config.replace(/^port .*$/m, `port ${ports[i]}`))
      return startProgram('redis-sentinel', [file], { name: `redis-sentinel (port ${ports[i]})`, ready: '+monitor' })
    }
    const sentinels = new Sentinels(ports, await Promise.all(configs.map(start)))
    const hurry = Object.entries(HURRY).flat().map(String)
    await Promise.all(ports.map(port => cli(port, 'SENTINEL', 'DEBUG', ...hurry)))
    for (const port of ports) {
      await until(`the sentinel on port ${port} knows all`, async () => {
        const state = await cli(port, 'INFO', 'sentinel')
        return state.includes('status=ok') && state.includes(`slaves=${replicas},sentinels=${configs.length}`)
      })
      // Until the first INFO of a replica it could not be chosen.
      await until(`the sentinel on port ${port} has asked the replicas`, async () => {
        const announced = [...(await knownReplicas(port)).values()]
        return announced.length > 0 && announced.every(fields => fields.get('master-link-status') === 'ok')
      })
    }
    return sentinels
  }

  /** What clients give ioredis or node-redis. */
  get addresses(): { host: string; port: number }[] {
    return this.ports.map(port => ({ host: '127.0.0.1', port }))
  }

  /** Where to look in their logs for what comes from now on: for switched() and event(). */
  now(): number[] {
    return this.programs.map(program => program.log().length)
  }

  /** Resolves with the new master's port when all of them have gone over to it. */
  async switched(since: readonly number[]): Promise<number> {
    const waits = this.programs.map((program, i) => program.waitForLog('+switch-master', 40_000, since[i]))
    const ports = (await Promise.all(waits)).map(line => Number(line.split(' ').at(-1)))
    if (new Set(ports).size !== 1) throw new Error(`the sentinels disagree: ${ports.join(', ')}`)
    return ports[0]
  }

  /** Resolves with the log line when one of them, whichever, logs such an event. */
  event(pattern: string | RegExp, since: readonly number[]): Promise<string> {
    return Promise.any(this.programs.map((program, i) => program.waitForLog(pattern, 40_000, since[i])))
  }

  /** The replicas that they tell clients of, by port: the fields that SENTINEL REPLICAS shows. */
  replicas(): Promise<Map<number, Map<string, string>>> {
    return knownReplicas(this.ports[0])
  }

  async stop(): Promise<void> {
    await Promise.all(this.programs.map(program => program.stop()))
  }
}

async function knownReplicas(sentinel: number): Promise<Map<number, Map<string, string>>> {
  const known = new Map<number, Map<string, string>>()
  // Names and values in turn, each replica's beginning with its name.
  const [, ...replicas] = (await cli(sentinel, 'SENTINEL', 'REPLICAS', MASTER_NAME)).split(/^name\n/m)
  for (const text of replicas) {
    const lines = ['name', ...text.split('\n')]
    const fields = new Map<string, string>()
    for (let i = 0; i + 1 < lines.length; i += 2) fields.set(lines[i], lines[i + 1])
    known.set(Number(fields.get('port')), fields)
  }
  return known
}
