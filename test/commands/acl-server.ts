import { afterEach, beforeAll } from 'vitest'
import { type RunningServer, startRedisTs } from '../interop/stock.js'
import { RawClient, type RawReply, texts } from './raw-client.js'

export const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.'
export const NO_KEY = 'NOPERM No permissions to access a key'

/** One server for a test file. After each test there is only its default user again, and no connection. */
export class AclServer {
  private server: RunningServer | null = null
  private readonly clients: RawClient[] = []

  constructor() {
    beforeAll(async () => {
      this.server = await startRedisTs(['--save', ''])
    })
    afterEach(async () => {
      const admin = await this.connect()
      const names = texts(await admin.call('ACL', 'USERS')).filter(name => name !== 'default')
      if (names.length > 0) await admin.call('ACL', 'DELUSER', ...names)
      await admin.call('ACL', 'LOG', 'RESET')
      for (const client of this.clients.splice(0)) client.close()
    })
  }

  /** A connection, to another server if one is given. */
  async connect(to: RunningServer | null = this.server): Promise<RawClient> {
    const client = await RawClient.connect(to?.port ?? 0)
    this.clients.push(client)
    return client
  }

  /** A connection of a new user without password. */
  async user(name: string, ...rules: string[]): Promise<RawClient> {
    const client = await this.connect()
    await send(client, ['ACL', 'SETUSER', name, 'on', 'nopass', ...rules], ['AUTH', name, 'x'])
    return client
  }
}

/** The texts of the replies to some commands. */
export async function send(client: RawClient, ...commands: string[][]): Promise<(string | null)[]> {
  return (await client.pipeline(commands)).map(({ text }) => text)
}

/** The fields of a map, as text. */
export function fields({ elements }: RawReply): Map<string, string> {
  const pairs = new Map<string, string>()
  for (let i = 0; i < (elements ?? []).length; i += 2) {
    pairs.set(elements?.[i].text ?? '', elements?.[i + 1].text ?? '')
  }
  return pairs
}
