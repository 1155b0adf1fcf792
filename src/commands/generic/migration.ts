/**
 * MIGRATE under way: keys are copied to another server, and those that it has acknowledged are deleted here. Redis does this
 * without letting anything else happen; here other clients go on, but the keys are locked, and what has changed all the
 * same is not deleted. Source of behaviour: migrateCommand in Redis's cluster.c.
 */
import { nextTurn, performance } from '../../clock/platform.js'
import { EVENT_GENERIC } from '../../config/keyspace-events.js'
import { dumpPayload } from '../../persistence/dump/payload.js'
import { isLargeValue, SlicedDump } from '../../persistence/dump/sliced-dump.js'
import { type TargetConnection, TargetError, type TargetReply } from '../../replication/target-connection.js'
import { encodeRequest, requestFromArguments } from '../../resp/request.js'
import type { Database } from '../../store/database.js'
import { HAS_EXPIRY } from '../../store/entries.js'
import type { KeyWatcher } from '../../store/watchers.js'
import type { ServerApi } from '../server-api.js'

/** How long payloads may be put together and sent in one go. */
const SLICE_MS = 1
/** Payloads are sent together up to about so many bytes. */
const BATCH_BYTES = 64 * 1024
const DEL = Buffer.from('DEL', 'latin1')

export interface MigrationPlan {
  readonly host: string
  readonly port: string
  readonly database: bigint
  readonly timeoutMs: number
  readonly copy: boolean
  readonly replace: boolean
  /** Password, or user and password; null: none. */
  readonly auth: readonly string[] | null
}

/** A key to be moved. */
class MigratingKey implements KeyWatcher {
  readonly name: Buffer
  readonly text: string
  acknowledged = false
  /** It was changed past the lock. */
  changed = false

  constructor(text: string) {
    this.text = text
    this.name = Buffer.from(text, 'latin1')
  }

  watchedKeyChanged(): void {
    this.changed = true
  }
  watchedKeyReplaced(): void {
    this.changed = true
  }
}

export class Migration {
  private readonly server: ServerApi
  private readonly db: Database
  private readonly plan: MigrationPlan
  private readonly keys: readonly MigratingKey[]
  private readonly wasReplica: boolean
  private writing = false

  /** @param keys their names, one character a byte. */
  constructor(server: ServerApi, db: Database, plan: MigrationPlan, keys: readonly string[]) {
    this.server = server
    this.db = db
    this.plan = plan
    this.wasReplica = server.keyspace.isReplica
    this.keys = keys.map(key => new MigratingKey(key))
  }

  /** Moves the keys, and resolves to the reply's text with its type in front: "+OK", or an error. Never rejects. */
  async run(): Promise<string> {
    const { db, keys, server } = this
    const names = keys.map(key => key.text)
    server.keyLocks.lock(names)
    for (const key of keys) db.watchers.add(key.text, key)
    const reply = await this.withRetry()
    for (const key of keys) db.watchers.remove(key.text, key)
    // Whoever has become a replica meanwhile deletes what its master deletes.
    if (!this.plan.copy && server.keyspace.isReplica === this.wasReplica) this.deleteAcknowledged()
    server.keyLocks.unlock(names)
    return reply
  }

  /** A kept connection may turn out to be dead: with a new one it is tried again, once, if nothing has been answered. */
  private async withRetry(): Promise<string> {
    const { targets } = this.server
    const { host, port, timeoutMs } = this.plan
    for (let mayRetry = true; ; mayRetry = false) {
      let connection: TargetConnection
      try {
        connection = await targets.take(host, port, timeoutMs)
      } catch (error) {
        // Redis does not look at how its attempt ended before it writes.
        return expectTargetError(error).refused
          ? ioError('writing')
          : '-IOERR error or timeout connecting to the client'
      }
      try {
        return await this.transfer(connection)
      } catch (error) {
        const { timedOut } = expectTargetError(error)
        connection.close()
        if (timedOut || !mayRetry || this.keys.some(key => key.acknowledged)) {
          return ioError(this.writing ? 'writing' : 'reading')
        }
      } finally {
        targets.release(connection)
      }
    }
  }

  /** Sends everything, then reads the replies. @throws TargetError */
  private async transfer(connection: TargetConnection): Promise<string> {
    const { auth, timeoutMs } = this.plan
    const database = Number(this.plan.database)
    const selects = connection.database !== database
    this.writing = true
    const head: Buffer[] = []
    if (auth !== null) head.push(encodeRequest('AUTH', ...auth))
    if (selects) head.push(encodeRequest('SELECT', String(this.plan.database)))
    const sent = await this.send(connection, head)
    this.writing = false
    const authReply = auth === null ? null : await connection.read(timeoutMs)
    const selectReply = selects ? await connection.read(timeoutMs) : null
    let refusal: TargetReply | null = null
    for (const key of sent) {
      let reply: TargetReply
      try {
        reply = await connection.read(timeoutMs)
      } catch (error) {
        if (refusal === null) throw error
        connection.close()
        break
      }
      const failed = [authReply, selectReply, reply].find(each => each?.isError) ?? null
      if (failed === null) key.acknowledged = true
      else refusal ??= failed
    }
    connection.database = refusal === null ? database : Number.NaN
    return refusal === null ? '+OK' : `-ERR Target instance replied with error: ${refusal.text}`
  }

  /** Sends `head` and a RESTORE for each key that is still there; resolves to those keys. @throws TargetError */
  private async send(connection: TargetConnection, head: Buffer[]): Promise<MigratingKey[]> {
    const { keyspace } = this.db
    const { timeoutMs } = this.plan
    const sent: MigratingKey[] = []
    let batch = head
    let bytes = 0
    let deadline = performance.now() + SLICE_MS
    const flush = async (): Promise<void> => {
      if (batch.length > 0) await connection.write(Buffer.concat(batch), timeoutMs)
      await nextTurn()
      batch = []
      bytes = 0
      deadline = performance.now() + SLICE_MS
    }
    for (const key of this.keys) {
      const address = this.findToMove(key)
      if (address === 0) continue
      sent.push(key)
      if (isLargeValue(keyspace, address)) {
        // Now, whatever time what is ahead takes: the value is the one that has been found.
        const dump = new SlicedDump(keyspace, address, this.compress)
        const expiry = this.expiryOf(address)
        try {
          await flush()
          await this.sendLarge(connection, key, expiry, dump)
        } finally {
          dump.close()
        }
        deadline = performance.now() + SLICE_MS
        continue
      }
      const payload = dumpPayload(keyspace, address, this.compress)
      const { before, behind } = this.restoreAround(key, this.expiryOf(address), payload.length)
      batch.push(before, payload, behind)
      bytes += before.length + payload.length + behind.length
      if (bytes >= BATCH_BYTES || performance.now() >= deadline) await flush()
    }
    if (batch.length > 0) await flush()
    return sent
  }

  private get compress(): boolean {
    return this.server.config.values.rdbcompression
  }

  /** Sends RESTORE for a large value, which takes as long as it takes: others have their turns meanwhile. @throws TargetError */
  private async sendLarge(
    connection: TargetConnection,
    key: MigratingKey,
    expiry: bigint | null,
    dump: SlicedDump,
  ): Promise<void> {
    const { timeoutMs } = this.plan
    while (!dump.prepare(performance.now() + SLICE_MS)) await nextTurn()
    const { before, behind } = this.restoreAround(key, expiry, dump.length)
    await connection.write(before, timeoutMs)
    let deadline = performance.now() + SLICE_MS
    for (let piece = dump.piece(); piece !== null; piece = dump.piece()) {
      await connection.write(piece, timeoutMs)
      if (performance.now() < deadline) continue
      // While the kernel takes everything at once, writing alone gives nobody else a turn.
      await nextTurn()
      deadline = performance.now() + SLICE_MS
    }
    await connection.write(behind, timeoutMs)
  }

  /** Address of a key to be moved; 0 when its time has come or it is gone. */
  private findToMove({ name }: MigratingKey): number {
    const { db } = this
    const address = db.findAny(name, 0, name.length)
    return address !== 0 && db.entries.expiry(address) < this.server.keyspace.time.now() ? 0 : address
  }

  /** Unix time in milliseconds; null for none. */
  private expiryOf(address: number): bigint | null {
    const { entries } = this.db
    return entries.meta(address) & HAS_EXPIRY ? entries.exactExpiry(address) : null
  }

  /** RESTORE for a key, but its payload of `length` bytes: what stands before that, and behind. */
  private restoreAround(
    { name }: MigratingKey,
    expiry: bigint | null,
    length: number,
  ): { before: Buffer; behind: Buffer } {
    let ttl = '0'
    if (expiry !== null) {
      const left = expiry - BigInt(this.server.keyspace.time.now())
      // A time to live of 0 would be for ever.
      ttl = String(left > 0n ? left : 1n)
    }
    const count = this.plan.replace ? 5 : 4
    const head = `*${count}\r\n$7\r\nRESTORE\r\n$${name.length}\r\n`
    const middle = `\r\n$${ttl.length}\r\n${ttl}\r\n$${length}\r\n`
    return {
      before: Buffer.concat([Buffer.from(head, 'latin1'), name, Buffer.from(middle, 'latin1')]),
      behind: Buffer.from(this.plan.replace ? '\r\n$7\r\nREPLACE\r\n' : '\r\n', 'latin1'),
    }
  }

  /** Deletes what has arrived over there; to replicas it travels as one DEL. */
  private deleteAcknowledged(): void {
    const { db, server } = this
    const deleted: Buffer[] = []
    for (const { acknowledged, changed, name } of this.keys) {
      const address = acknowledged && !changed ? db.findAny(name, 0, name.length) : 0
      if (address === 0) continue
      db.remove(address)
      db.touch(name, 0, name.length)
      server.events.notify(EVENT_GENERIC, 'del', name, 0, name.length, db.index)
      deleted.push(name)
    }
    if (deleted.length > 0) server.propagation.request(db.index, requestFromArguments([DEL, ...deleted]))
  }
}

/** Lets everybody else have a turn. */
function ioError(what: 'reading' | 'writing'): string {
  return `-IOERR error or timeout ${what} to target instance`
}

function expectTargetError(error: unknown): TargetError {
  if (error instanceof TargetError) return error
  throw error
}
