/**
 * /metrics: all metrics as one text, put together in slices between which clients are served. Who asks while one is being made gets
 * that one: however many ask, the work is done once.
 */
import { nextTurn, performance } from '../../clock/platform.js'
import type { ServerApi } from '../../commands/server-api.js'
import { infoFields } from '../../server/info/info.js'
import type { LoopDelays } from '../samples/loop-delay.js'
import { writeCommandMetrics } from './command-metrics.js'
import { Exposition } from './exposition.js'
import { writeInfoMetrics } from './info-metrics.js'
import {
  writeEventLoop,
  writeInstance,
  writeKeyspace,
  writeLogs,
  writeReplication,
  writeSettings,
} from './other-metrics.js'

const SLICE_MS = 1

export class Scrape {
  private readonly server: ServerApi
  private readonly loop: LoopDelays
  private underWay: Promise<string> | null = null

  constructor(server: ServerApi, loop: LoopDelays) {
    this.server = server
    this.loop = loop
  }

  text(): Promise<string> {
    this.underWay ??= this.make().finally(() => {
      this.underWay = null
    })
    return this.underWay
  }

  private async make(): Promise<string> {
    const out = new Exposition()
    const parts: string[] = []
    let deadlineMs = performance.now() + SLICE_MS
    for (const _ of this.write(out)) {
      parts.push(out.take())
      if (performance.now() < deadlineMs) continue
      await nextTurn()
      deadlineMs = performance.now() + SLICE_MS
    }
    return parts.join('') + out.take()
  }

  /** Yields between pieces that are brief enough each. */
  private *write(out: Exposition): Generator<void> {
    const { server } = this
    const all = new Map<string, string | number>()
    for (const title of ['Server', 'Clients', 'Memory', 'Persistence', 'Stats', 'Replication', 'CPU']) {
      const fields = infoFields(server, title)
      for (const [name, value] of fields) all.set(name, value)
      writeInfoMetrics(out, title, fields)
      yield
    }
    writeInstance(out, all, server.stats.startedMs)
    writeReplication(out, all)
    writeKeyspace(out, server)
    yield
    yield* writeCommandMetrics(out, server)
    writeLogs(out, server)
    writeSettings(out, server)
    writeEventLoop(out, server, this.loop)
  }
}
