/** A keyspace as commands, and what becomes of them. */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { CommandsSink, type CommandsSinkOptions } from '../../../src/persistence/aof/commands-sink.js'
import { snapshotForCommands } from '../../../src/persistence/aof/snapshot-commands.js'
import { ChunkPool } from '../../../src/persistence/chunk-pool.js'
import type { KeyspaceTargetOptions } from '../../../src/persistence/rdb/load.js'
import type { BackgroundSink } from '../../../src/persistence/saver.js'
import { Snapshot } from '../../../src/persistence/snapshot.js'
import type { Keyspace } from '../../../src/store/keyspace.js'
import { ReplyParser } from '../../commands/raw-client.js'
import { askText } from '../../interop/polling.js'
import type { RunningServer } from '../../interop/stock.js'
import { type Loaded, load } from '../rdb/keyspace.js'

/** Keeps what it gets. Its chunks are used again, as a file's are. */
export class MemorySink implements BackgroundSink {
  onDrain: () => void = () => {}
  congested = false
  failed: Error | null = null
  finished = false
  discarded = false
  readonly chunks: Buffer[] = []
  private readonly pool = new ChunkPool()

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  write(chunk: Buffer): void {
    this.chunks.push(Buffer.from(chunk))
    chunk.fill(0xee)
    this.pool.give(chunk)
  }

  spare(): Buffer | null {
    return this.pool.take()
  }

  finish(done: (failure: Error | null) => void): void {
    this.finished = true
    done(this.failed)
  }

  discard(): void {
    this.discarded = true
  }
}

export interface RewriteOptions extends CommandsSinkOptions {
  readonly libraries?: readonly Buffer[]
  /** Called between the slices of the snapshot. */
  readonly between?: () => void
}

/** Takes a snapshot into a sink, as a server does: in slices, whenever the sink can take more. */
export function rewriteInto(sink: CommandsSink, keyspace: Keyspace, options: RewriteOptions = {}): Promise<void> {
  const snapshot = new Snapshot(keyspace, sink, snapshotForCommands(options.libraries ?? []))
  return new Promise((resolve, reject) => {
    let written = false
    const slice = (): void => {
      if (sink.failed !== null) {
        snapshot.abort()
        sink.discard()
        reject(sink.failed)
        return
      }
      if (written) return
      written = snapshot.step(0)
      options.between?.()
      if (written) sink.finish(failure => (failure === null ? resolve() : reject(failure)))
      else if (!sink.congested) setImmediate(slice)
    }
    sink.onDrain = () => setImmediate(slice)
    slice()
  })
}

/** The keyspace as commands. */
export async function commandsOf(keyspace: Keyspace, options: RewriteOptions = {}): Promise<Buffer> {
  const memory = new MemorySink()
  await rewriteInto(new CommandsSink(memory, options), keyspace, options)
  return memory.bytes
}

/** What a server holds now, in a keyspace of the test's own. */
export async function keyspaceOf(
  server: RunningServer,
  options: Partial<KeyspaceTargetOptions> = {},
): Promise<Loaded & { libraries: Buffer[] }> {
  await askText(server.port, 'SAVE')
  const libraries: Buffer[] = []
  const library = (code: Buffer): null => {
    libraries.push(code)
    return null
  }
  const loaded = load(readFileSync(join(server.dir, 'dump.rdb')), { library, ...options })
  return { ...loaded, libraries }
}

/** The requests of these bytes, arguments of one character a byte. */
export function requestsOf(bytes: Buffer): string[][] {
  const requests: string[][] = []
  let at = 0
  const number = (sign: string): number => {
    const end = bytes.indexOf('\r\n', at)
    const line = bytes.toString('latin1', at, end)
    if (line[0] !== sign) throw new Error(`${sign} expected at ${at}, found ${line.slice(0, 40)}`)
    at = end + 2
    return Number(line.slice(1))
  }
  while (at < bytes.length) {
    const request: string[] = []
    for (let left = number('*'); left > 0; left--) {
      const length = number('$')
      request.push(bytes.toString('latin1', at, at + length))
      at += length
      if (bytes.toString('latin1', at, at + 2) !== '\r\n') throw new Error(`a line end expected at ${at}`)
      at += 2
    }
    requests.push(request)
  }
  return requests
}

/** Sends the bytes on one connection; gives the errors among the replies. */
export function execute(port: number, bytes: Buffer): Promise<string[]> {
  let left = requestsOf(bytes).length
  const errors: string[] = []
  if (left === 0) return Promise.resolve(errors)
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    const parser = new ReplyParser()
    socket.on('error', reject)
    socket.on('data', data =>
      parser.push(data, ({ text, type }) => {
        if (type === '-') errors.push(text ?? '')
        if (--left > 0) return
        socket.destroy()
        resolve(errors)
      }),
    )
  })
}
