/**
 * Reading the clock costs some 50 ns, a twentieth of what a pipelined GET takes in all. So brief commands in a row are timed
 * together, and each is charged an equal share: that is the resolution of commandstats and of the histograms for them. The sum
 * is exact. Any other command begins and ends with a reading of its own, so none that could be slow is charged to others.
 *
 * Brief is a command whose time does not depend on the data (spec.ts, BRIEF), in a request of a few small arguments, while
 * nothing asks for more than the command itself: no gate is up, no snapshot sees writes, nobody listens to changes, and no threshold
 * of the slow log or the latency monitor is so low that a run of them could reach it.
 *
 * What a script calls is no run: the Lua in between is not to be charged to it. There one call in eight of a brief command is timed,
 * and the seven that follow it are taken to be as long.
 */
import type { Command } from '../commands/command.js'
import { BRIEF } from '../commands/spec.js'
import { callNanoseconds, LatencyHistogram } from '../observe/latency-histogram.js'
import type { Request } from '../resp/request.js'

const RUN_MAX = 32
const BRIEF_REQUEST_MAX_BYTES = 512
const BRIEF_REQUEST_MAX_ARGUMENTS = 8
const ALL_TIMED_CALLS = 64
const SAMPLE_EVERY_CALLS = 8
/** A run of brief commands stays far below this; thresholds below it want the exact time of each. */
export const RUN_MAX_MS = 1

/** Whether the command takes its microsecond whatever the data. */
export function isBrief({ flags }: Command, request: Request): boolean {
  if ((flags & BRIEF) === 0 || request.argc > BRIEF_REQUEST_MAX_ARGUMENTS) return false
  const bytes = request.wireStart < 0 ? request.argumentBytes : request.wireEnd - request.wireStart
  return bytes <= BRIEF_REQUEST_MAX_BYTES
}

/** Whether the next call of a brief command is timed if a script makes it. */
export function isSampled({ calls }: Command): boolean {
  return calls < ALL_TIMED_CALLS || calls % SAMPLE_EVERY_CALLS === 0
}

export class ClockRun {
  count = 0
  private readonly commands: (Command | null)[] = new Array<Command | null>(RUN_MAX).fill(null)

  /** Adds a command that has run; true when the run is as long as one may be. */
  add(command: Command): boolean {
    this.commands[this.count++] = command
    return this.count === RUN_MAX
  }

  /** The run has taken `elapsedMs` altogether. */
  end(elapsedMs: number, keepsHistograms: boolean): void {
    const { commands, count } = this
    const shareMs = elapsedMs / count
    const shareNs = callNanoseconds(shareMs)
    for (let i = 0; i < count; i++) {
      const command = commands[i]
      if (command === null) continue
      command.milliseconds += shareMs
      if (!keepsHistograms) continue
      if (command.latency === null) command.latency = new LatencyHistogram()
      command.latency.record(shareNs)
    }
    this.count = 0
  }
}
