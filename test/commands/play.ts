import { RawClient, type RawReply } from './raw-client.js'

/** What each client was sent, in order, as text. */
export type Transcripts = Record<string, string[]>

const CURTAIN = 'curtain'

/**
 * Plays a scene with several clients on the server at `port`. A line is a client's name and the commands it sends together:
 * 'A MULTI; GET key; EXEC'. With `A&` the replies are not awaited (a PING behind the others says that they are all there); a
 * word with a dollar sign ($A) is that client's id. Clients come in as they are first named. Resolves with all that each was
 * sent, pushes and messages at their place among the replies, ids as names again; what HELLO answers is left out.
 */
export async function play(port: number, lines: readonly string[]): Promise<Transcripts> {
  const clients = new Map<string, RawClient>()
  const ids = new Map<string, string>()
  const heard: Transcripts = {}
  for (const line of lines) {
    const cue = line.slice(0, line.indexOf(' '))
    const name = cue.replace('&', '')
    if (!clients.has(name)) {
      const client = await RawClient.connect(port)
      clients.set(name, client)
      ids.set(name, (await client.call('CLIENT', 'ID')).text ?? '')
      heard[name] = []
    }
    const client = clients.get(name)
    if (client === undefined) throw new Error(`no client ${name}`)
    const id = (word: string) => (word.startsWith('$') ? (ids.get(word.slice(1)) ?? word) : word)
    client.write(
      ...line
        .slice(cue.length + 1)
        .split('; ')
        .map(command => command.split(' ').map(id)),
    )
    if (cue.endsWith('&')) continue
    // Everything up to the echo is heard by then: what was pushed to this client before, and the reply.
    client.write(['PING', CURTAIN])
    await listen(client, heard[name])
  }
  for (const [name, client] of clients) {
    client.write(['PING', CURTAIN])
    await listen(client, heard[name])
    client.close()
  }
  const names = new Map([...ids].map(([name, id]) => [id, name]))
  for (const name of Object.keys(heard)) {
    heard[name] = heard[name].map(text =>
      text.replace(/:(\d+)/g, (whole, id) => (names.has(id) ? `$${names.get(id)}` : whole)),
    )
  }
  return heard
}

async function listen(client: RawClient, heard: string[]): Promise<void> {
  for (;;) {
    const reply = await client.next()
    if (reply.text === CURTAIN || reply.elements?.[1]?.text === CURTAIN) return
    if (reply.elements?.[0]?.text !== 'server') heard.push(shown(reply))
  }
}

/** A reply as text: its type and its text, elements in brackets. */
export function shown(reply: RawReply): string {
  if (reply.elements !== null) return `${reply.type}[${reply.elements.map(shown).join(' ')}]`
  return reply.text === null ? `${reply.type}null` : `${reply.type === '$' ? '' : reply.type}${reply.text}`
}
