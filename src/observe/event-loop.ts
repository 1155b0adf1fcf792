/**
 * What the event loop does, for INFO: how often it went round, how long it was busy, and the longest turn. Passes and busy time
 * are counted by libuv and Node for the whole process, at no cost here; several servers in a process share them.
 */
import { performance } from '../clock/platform.js'

export class EventLoop {
  /** The longest turn: from the first request of a pass to the end of its last one, or a run of the cron. In milliseconds. */
  longestMs = 0
  /** Most commands in one turn. */
  mostCommands = 0
  /** Time in the server's cron. */
  cronMs = 0
  /** Time in writing the append-only file. */
  aofMs = 0
  /** Requests are being served; not yet ended. */
  inTurn = false
  private turnStartedMs = 0
  private turnFirstCommand = 0
  private turns = 0
  private cyclesBefore = 0
  private busyMsBefore = 0

  /** Passes of the loop; before Node 20.18, which does not tell, those with something to do here. */
  get cycles(): number {
    return (performance.nodeTiming.uvMetricsInfo?.loopCount ?? this.turns) - this.cyclesBefore
  }

  /** Time in which the loop did not wait for something to do. */
  get busyMs(): number {
    return performance.eventLoopUtilization().active - this.busyMsBefore
  }

  /** The first request of a pass has arrived: time (performance.now()), and commands executed so far. */
  turnBegan(nowMs: number, commands: number): void {
    this.inTurn = true
    this.turnStartedMs = nowMs
    this.turnFirstCommand = commands
  }

  /** The requests of the pass have been served: when the last one ended, and commands executed so far. */
  turnEnded(nowMs: number, commands: number): void {
    if (!this.inTurn) return
    this.inTurn = false
    this.turns++
    this.longestMs = Math.max(this.longestMs, nowMs - this.turnStartedMs)
    this.mostCommands = Math.max(this.mostCommands, commands - this.turnFirstCommand)
  }

  cronRan(ms: number): void {
    this.turns++
    this.cronMs += ms
    this.longestMs = Math.max(this.longestMs, ms)
  }

  reset(): void {
    this.longestMs = 0
    this.mostCommands = 0
    this.cronMs = 0
    this.aofMs = 0
    this.cyclesBefore += this.cycles
    this.busyMsBefore += this.busyMs
  }
}
