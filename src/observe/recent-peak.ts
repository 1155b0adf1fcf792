/** The highest of the values seen in the last seconds. Source: clientsCronTrackExpansiveClients in Redis's server.c. */

const SECONDS = 8

export class RecentPeak {
  /** Highest value of each second, and which second that was. */
  private readonly values = new Float64Array(SECONDS)
  private readonly seconds = new Float64Array(SECONDS)

  note(value: number, nowMs: number): void {
    const second = Math.floor(nowMs / 1000)
    const slot = second % SECONDS
    if (this.seconds[slot] !== second) this.values[slot] = value
    else if (value > this.values[slot]) this.values[slot] = value
    this.seconds[slot] = second
  }

  /** 0 when nothing was noted lately. */
  peak(nowMs: number): number {
    const oldest = Math.floor(nowMs / 1000) - SECONDS
    let peak = 0
    for (let slot = 0; slot < SECONDS; slot++) {
      if (this.seconds[slot] > oldest && this.values[slot] > peak) peak = this.values[slot]
    }
    return peak
  }
}
