import { RawClient, texts } from './raw-client.js'

/** A server, and someone who listens to all its keyspace events. */
export class Observed {
  readonly client: RawClient
  private readonly listener: RawClient

  private constructor(client: RawClient, listener: RawClient) {
    this.client = client
    this.listener = listener
  }

  static async connect(port: number): Promise<Observed> {
    const observed = new Observed(await RawClient.connect(port), await RawClient.connect(port))
    await observed.listener.call('PSUBSCRIBE', '__key*__:*', 'end')
    await observed.listener.next()
    return observed
  }

  /** The events of these commands: channel and message. */
  async events(commands: readonly (readonly string[])[]): Promise<string[]> {
    await this.client.pipeline([['SELECT', '0'], ...commands])
    await this.client.call('PUBLISH', 'end', '')
    const seen: string[] = []
    for (;;) {
      const [, , channel, message] = texts(await this.listener.next())
      if (channel === 'end') return seen
      seen.push(`${channel} ${message}`)
    }
  }

  async reset(): Promise<void> {
    await this.events([['FLUSHALL']])
  }

  close(): void {
    this.client.close()
    this.listener.close()
  }
}
