/** The figures of INFO that are sampled over time. */
import type { ServerApi } from '../commands/server-api.js'
import { Memory } from './memory.js'
import { Rates } from './rates.js'

export interface Gauges {
  readonly memory: Memory
  readonly rates: Rates
}

const gauges = new WeakMap<ServerApi, Gauges>()

export function gaugesOf(server: ServerApi): Gauges {
  let found = gauges.get(server)
  if (found === undefined) gauges.set(server, (found = { memory: new Memory(), rates: new Rates() }))
  return found
}

/** To be called by the server's cron, ten times a second. */
export function sampleGauges(server: ServerApi): void {
  const { memory, rates } = gaugesOf(server)
  memory.sample(server)
  rates.sample(server, Date.now())
}
