import { RawClient, type RawReply } from '../commands/raw-client.js'

const POLL_MS = 20

/**
 * Asks again and again until the answer is true, at most `timeoutMs`: for what no log line tells. `probe` may reject (a server
 * that does not listen yet, say). Rejects with `what`, and with what `probe` last said.
 */
export async function until(what: string, probe: () => Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  let problem = ''
  for (;;) {
    try {
      if (await probe()) return
    } catch (error) {
      problem = `: ${(error as Error).message}`
    }
    if (Date.now() > deadline) throw new Error(`not in ${timeoutMs} ms: ${what}${problem}`)
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}

/** One command on a connection of its own. */
export async function ask(port: number, ...command: string[]): Promise<RawReply> {
  const client = await RawClient.connect(port)
  try {
    return await client.call(...command)
  } finally {
    client.close()
  }
}

/** The text of a reply that is no array; "(nil)" for none. */
export async function askText(port: number, ...command: string[]): Promise<string> {
  return (await ask(port, ...command)).text ?? '(nil)'
}

/** INFO's fields, from a server without a password. */
export async function info(port: number, section = 'everything'): Promise<Map<string, string>> {
  return infoFields(await askText(port, 'INFO', section))
}

/** The fields of INFO's text. */
export function infoFields(text: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return fields
}

/** Waits until the replica's link to its master is up. */
export function linkUp(replica: number, timeoutMs?: number): Promise<void> {
  const what = `the link of the replica on port ${replica} is up`
  return until(what, async () => (await info(replica, 'replication')).get('master_link_status') === 'up', timeoutMs)
}

/** Waits until the replicas are as far as the master, link by link. */
export async function inStep(master: number, ...replicas: number[]): Promise<void> {
  for (const replica of replicas) {
    await until(`the replica on port ${replica} is as far as its master on ${master}`, async () => {
      const [theirs, mine] = await Promise.all([info(replica, 'replication'), info(master, 'replication')])
      const up = theirs.get('master_link_status') === 'up'
      return up && theirs.get('slave_repl_offset') === mine.get('master_repl_offset')
    })
  }
}
