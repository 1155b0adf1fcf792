import type { Redis } from 'ioredis'
import { until } from './polling.js'

const PAUSE_MS = 5

/** What it needs of a client of whichever library. */
export interface WritingClient {
  set(key: string, value: string): Promise<unknown>
  close(): void
}

/** A client that writes one key after another, all the time, whatever happens to the servers. */
export class Writer {
  /** Keys `written:N` whose SET was answered with OK, in order. */
  readonly acknowledged: number[] = []
  /** Error replies, and what the library gave up on. */
  readonly errors: string[] = []
  private readonly client: WritingClient
  private stopping = false
  private next = 0
  private readonly ended: Promise<void>

  constructor(client: WritingClient) {
    this.client = client
    this.ended = this.run()
  }

  /** ioredis never gives up here: it says of each try that failed, and tries again. */
  static withIoredis(client: Redis): Writer {
    client.on('error', () => {})
    return new Writer({ set: (key, value) => client.set(key, value), close: () => client.disconnect() })
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
    this.client.close()
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      const n = this.next++
      try {
        await this.client.set(`written:${n}`, String(n))
        this.acknowledged.push(n)
      } catch (error) {
        this.errors.push((error as Error).message)
      }
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
    }
  }
}
