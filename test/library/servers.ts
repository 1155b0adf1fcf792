/** Servers and clients of a test, which are gone when it ends. */
import { afterEach } from 'vitest'
import { createServer, type RunningServer, type ServerOptions } from '../../src/index.js'
import { RawClient } from '../commands/raw-client.js'

const servers: RunningServer[] = []
const clients: RawClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  for (const server of servers) server.faults.end()
  await Promise.all(servers.splice(0).map(server => server.close()))
})

export async function start(options: ServerOptions = {}): Promise<RunningServer> {
  const server = await createServer(options)
  servers.push(server)
  return server
}

export async function clientOf({ port }: RunningServer, name?: string): Promise<RawClient> {
  const client = await RawClient.connect(port)
  clients.push(client)
  if (name !== undefined) await client.call('CLIENT', 'SETNAME', name)
  return client
}

/** A reply as a text: its type and what it says. */
export async function say(client: RawClient, ...args: string[]): Promise<string> {
  const { type, text } = await client.call(...args)
  return `${type}${text}`
}

/** Turns of the event loop in which what has been written is read, served and read again. */
export async function turns(count = 10): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve))
}

/** Whether it is settled after a few turns of the event loop. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const over = (): void => {
    settled = true
  }
  promise.then(over, over)
  await turns(20)
  return settled
}
