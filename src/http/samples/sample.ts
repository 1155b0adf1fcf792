/** What the page plots: the server in one second. */

/** Microseconds within which 50, 99 and 99.9 percent of the second's commands ended. */
export interface LatencyOfSecond {
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** How much later than due, in milliseconds, the event loop came to what was due. */
export interface LoopDelay {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export interface Sample {
  /** Its end, in milliseconds of Unix time. */
  readonly time: number
  /** Commands, and bytes of the network's, a second. */
  readonly ops: number
  readonly inputBytes: number
  readonly outputBytes: number
  /** In this second: look-ups that found a key and that did not, keys that expired and that were evicted. */
  readonly hits: number
  readonly misses: number
  readonly expired: number
  readonly evicted: number
  /** Bytes, as INFO memory has them. */
  readonly memory: number
  readonly rss: number
  readonly peak: number
  readonly maxmemory: number
  readonly dataset: number
  readonly clients: number
  readonly blocked: number
  readonly keys: number
  /** Null: no command ran, or latency-tracking is off. */
  readonly latency: LatencyOfSecond | null
  readonly loop: LoopDelay | null
}
