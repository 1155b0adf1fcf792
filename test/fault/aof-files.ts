/** Append-only files for tests of what is done with damaged ones: made by a server, changed, loaded in this process. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { datasetDigest } from '../../src/commands/debug/digest.js'
import { Config } from '../../src/config/config.js'
import { createServer, type ServerOptions } from '../../src/index.js'
import { Log } from '../../src/observe/log.js'
import { Server } from '../../src/server/server.js'
import { RawClient } from '../commands/raw-client.js'
import { tempDir } from '../interop/stock.js'
import { until } from './wire.js'

export const AOF_DIR = 'appendonlydir'
export const MANIFEST = 'appendonly.aof.manifest'

/** Files of the folder by their names. */
export type AofFiles = Readonly<Record<string, Buffer>>

/** What a load came to. */
export interface Loaded {
  /** Why the server does not start, or null. */
  readonly refusal: string | null
  /** What was logged, without time. */
  readonly lines: readonly string[]
  /** DEBUG DIGEST of the data. */
  readonly digest: string
  /** Files of the folder afterwards. */
  readonly files: AofFiles
}

class Lines extends Log {
  readonly lines: string[] = []

  override notice(message: string): void {
    this.lines.push(message)
  }
  override warning(message: string): void {
    this.lines.push(message)
  }
}

/** Files of a server that has run commands, was rewritten, and has run others. */
export async function makeFiles(
  before: readonly string[][],
  after: readonly string[][],
  options: ServerOptions = {},
): Promise<AofFiles> {
  const dir = tempDir()
  const server = await createServer({ port: 0, dir, save: '', appendonly: true, ...options })
  const client = await RawClient.connect(server.port)
  for (const reply of await client.pipeline(before)) if (reply.type === '-') throw new Error(reply.text ?? '')
  await client.call('BGREWRITEAOF')
  const isOver = async (): Promise<boolean> =>
    /aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/.test((await client.call('INFO', 'persistence')).text ?? '')
  await until(isOver, is => is)
  for (const reply of await client.pipeline(after)) if (reply.type === '-') throw new Error(reply.text ?? '')
  client.close()
  await server.close()
  return filesOf(dir)
}

export function filesOf(dir: string): AofFiles {
  const folder = join(dir, AOF_DIR)
  const names = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isFile())
  return Object.fromEntries(names.map(({ name }) => [name, readFileSync(join(folder, name))]))
}

/** Loads files as a server does that starts, without listening. */
export async function load(files: AofFiles, truncated = true): Promise<Loaded> {
  const dir = tempDir()
  const folder = join(dir, AOF_DIR)
  mkdirSync(folder)
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
  return loadFolder(dir, truncated)
}

export async function loadFolder(dir: string, truncated = true): Promise<Loaded> {
  const config = new Config()
  Object.assign(config.values, { appendonly: true, dir, save: [], 'aof-load-truncated': truncated })
  const log = new Lines()
  const server = new Server(config, log, () => {})
  let refusal: string | null = null
  try {
    await server.loader.loadAtStart()
  } catch (error) {
    refusal = (error as Error).message
  }
  const digest = datasetDigest(server.keyspace)
  server.exit(0)
  return { refusal, lines: log.lines, digest, files: filesOf(dir) }
}
