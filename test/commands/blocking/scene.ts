import { RawClient, type RawReply } from '../raw-client.js'

/** What each client was told, in order; what it still waits for at the end is "waits". */
export type Heard = Record<string, string[]>

/**
 * Plays a scene with clients that may have to wait on the server at `port`, whose data it wipes first. A line is a client's name and
 * the commands that it sends together: 'A MULTI; RPUSH k 1; EXEC'. The next line comes when all commands so far have been answered
 * or have blocked their clients; behind a name with an exclamation mark ('A! BLPOP k 0.001'), when they have been answered: a wait
 * that ends by itself may or may not have been seen. Clients come in as they are first named; a word with a dollar sign ($A) is that client's id.
 */
export async function playScene(port: number, lines: readonly string[]): Promise<Heard> {
  const control = await RawClient.connect(port)
  const clients = new Map<string, RawClient>()
  const ids = new Map<string, string>()
  const heard: Heard = {}
  /** Commands behind one that waits, in the same pipeline, are not executed either. */
  const waiting = new Map<string, number>()
  await control.call('FLUSHALL')
  let replies = 0
  const settled = async (): Promise<void> => {
    for (;;) {
      const before = replies
      const blocked = blockedClients(await control.call('INFO', 'clients'))
      // What has come meanwhile makes that number an old one.
      if (replies === before && [...waiting.values()].filter(count => count > 0).length === blocked) return
    }
  }
  for (const line of lines) {
    const [who] = line.split(' ', 1)
    const name = who.replace('!', '')
    let client = clients.get(name)
    if (client === undefined) {
      client = await RawClient.connect(port)
      clients.set(name, client)
      ids.set(name, (await client.call('CLIENT', 'ID')).text ?? '')
      heard[name] = []
      waiting.set(name, 0)
    }
    const commands = line
      .slice(who.length + 1)
      .split('; ')
      .map(command => command.split(' ').map(word => (word.startsWith('$') ? (ids.get(word.slice(1)) ?? word) : word)))
    const answers = commands.map(command => {
      waiting.set(name, (waiting.get(name) ?? 0) + 1)
      return client.call(...command).then(reply => {
        replies++
        waiting.set(name, (waiting.get(name) ?? 0) - 1)
        heard[name].push(shown(reply))
      })
    })
    if (who !== name) await Promise.all(answers)
    await settled()
  }
  for (const [name, count] of waiting) for (let i = 0; i < count; i++) heard[name].push('waits')
  for (const client of [...clients.values(), control]) client.close()
  return heard
}

export function blockedClients(info: RawReply): number {
  return Number(/blocked_clients:(\d+)/.exec(info.text ?? '')?.[1])
}

/** Resolves when so many clients of the server are blocked. */
export async function untilBlocked(control: RawClient, count: number): Promise<void> {
  while (blockedClients(await control.call('INFO', 'clients')) !== count) {}
}

export function shown({ elements, text, type }: RawReply): string {
  if (elements !== null) return `[${elements.map(shown).join(' ')}]`
  return text === null ? `${type}nil` : `${type === '$' ? '' : type}${text}`
}
