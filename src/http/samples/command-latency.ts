/** How long the commands of the last second took, all together: what the histograms of all commands have grown by. */
import type { Command } from '../../commands/command.js'
import type { ServerApi } from '../../commands/server-api.js'
import { LatencyHistogram } from '../../observe/latency-histogram.js'
import type { LatencyOfSecond } from './sample.js'

const PERCENTILES = [50, 99, 99.9]

export class CommandLatency {
  private readonly server: ServerApi
  /** All calls so far, and room for those of the next second. */
  private total = new LatencyHistogram()
  private spare = new LatencyHistogram()

  constructor(server: ServerApi) {
    this.server = server
    addAll(server.commands.all, this.total)
  }

  /** Since the last call; null when nothing was measured. O(commands used so far). */
  sample(): LatencyOfSecond | null {
    const recent = this.total
    this.total = this.spare
    this.spare = recent
    this.total.clear()
    addAll(this.server.commands.all, this.total)
    // Their difference, in place of the older of the two: nobody needs that any more.
    recent.replaceByGrowthTo(this.total)
    if (recent.count === 0) return null
    const [p50, p99, p999] = recent.percentiles(PERCENTILES)
    return { p50, p99, p999 }
  }
}

function addAll(commands: Iterable<Command>, total: LatencyHistogram): void {
  for (const { latency, subcommands } of commands) {
    if (latency !== null) total.add(latency)
    if (subcommands !== null) addAll(subcommands.values(), total)
  }
}
