import type { Redis } from 'ioredis'
import { until } from './polling.js'

const PAUSE_MS = 5

/** A client that writes one key after another, all the time, whatever happens to the servers. */
export class Writer {
  /** Keys `written:N` whose SET was answered with OK, in order. */
  readonly acknowledged: number[] = []
  /** Error replies, and what the library gave up on. */
  readonly errors: string[] = []
  private readonly client: Redis
  private stopping = false
  private next = 0
  private readonly ended: Promise<void>

  constructor(client: Redis) {
    this.client = client
    // It tries again by itself, and says of each try that failed.
    client.on('error', () => {})
    this.ended = this.run()
  }

  /** Waits until writes that began after this call have been acknowledged; resolves with the first of their numbers. */
  async goesOn(): Promise<number> {
    const from = this.next + 1
    await until(`writes from number ${from} on`, async () => (this.acknowledged.at(-1) ?? -1) >= from + 3, 30_000)
    return from
  }

  /** Ends it and its connection. */
  async stop(): Promise<void> {
    this.stopping = true
    await this.ended
    this.client.disconnect()
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      const n = this.next++
      try {
        await this.client.set(`written:${n}`, n)
        this.acknowledged.push(n)
      } catch (error) {
        this.errors.push((error as Error).message)
      }
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
    }
  }
}
