import { connect, type Socket } from 'node:net'
import { startRedisServer } from '../interop/stock.js'
import { RawClient } from './raw-client.js'

/** A server whose commands are seen as a stock replica gets them: by its MONITOR. */
export class ReplicaMonitor {
  readonly client: RawClient
  /** To ask the replica. */
  readonly replica: RawClient
  private readonly monitor: Socket
  private seen = ''
  private onData: () => void = () => {}
  private markers = 0

  private constructor(client: RawClient, replica: RawClient, monitor: Socket) {
    this.client = client
    this.replica = replica
    this.monitor = monitor
    monitor.setEncoding('latin1').on('data', (data: string) => {
      this.seen += data
      this.onData()
    })
  }

  /** Gives the server at `port` a stock replica. */
  static async start(port: number): Promise<ReplicaMonitor> {
    const replica = await startRedisServer(['--save', '', '--replicaof', '127.0.0.1', String(port)])
    await replica.waitForLog('Finished with success', 20_000)
    const [client, asking] = await Promise.all([RawClient.connect(port), RawClient.connect(replica.port)])
    const started = new ReplicaMonitor(client, asking, connect(replica.port, '127.0.0.1'))
    started.monitor.write('MONITOR\r\n')
    await started.until('+OK\r\n')
    return started
  }

  private until(text: string): Promise<void> {
    return new Promise(resolve => {
      this.onData = () => {
        if (this.seen.includes(text)) resolve()
      }
      this.onData()
    })
  }

  /** What the replica has been sent since the last call, without SELECT and PING, and SMEMBERS, which a test may ask it. */
  async received(): Promise<string[]> {
    const marker = `marker:${this.markers++}`
    await this.client.pipeline([
      ['SET', marker, '1'],
      ['DEL', marker],
    ])
    await this.until(`"DEL" "${marker}"`)
    const lines = this.seen.split('\r\n').flatMap(line => /^\+\d+\.\d+ \[[^\]]*\] (.*)$/.exec(line)?.[1] ?? [])
    this.seen = ''
    return lines
      .filter(line => !line.includes(marker) && !/^"(select|ping|replconf|smembers)"/i.test(line))
      .map(line => line.replaceAll('"', ''))
  }

  /** What the replica is sent of these commands. */
  async sends(...commands: string[][]): Promise<string[]> {
    await this.client.pipeline(commands)
    return this.received()
  }

  close(): void {
    this.client.close()
    this.replica.close()
    this.monitor.destroy()
  }
}
