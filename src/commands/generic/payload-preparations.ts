/**
 * Payloads of large values: RESTORE, or EXEC with such ones in its transaction, is put back until they have been checked and
 * loaded in slices. When it runs, it finds them ready, at the price of a small value. Whatever happens meanwhile has happened
 * before it: the request was late, that is all.
 */
import { performance, setImmediate } from '../../clock/platform.js'
import { isLargePayload, PayloadLoading } from '../../persistence/dump/payload-loading.js'
import type { Request } from '../../resp/request.js'
import type { Client, Preparation } from '../client.js'
import type { Command } from '../command.js'
import type { PayloadWaits, ServerApi } from '../server-api.js'
import { PREPARED } from '../spec.js'
import { wantsPayload } from './dump.js'

/** How long payloads may hold up others, in one go. */
const SLICE_MS = 1
const PAYLOAD_INDEX = 3
/** Only a request with memory of its own is so large. */
const GIVEN_BACK_MIN_BYTES = 4 * 1024 * 1024

export class PayloadPreparations implements PayloadWaits {
  private readonly server: ServerApi
  /** Clients whose payloads are being prepared: each in its turn for a slice. */
  private readonly waiting: Client[] = []
  private scheduled = false

  constructor(server: ServerApi) {
    this.server = server
  }

  get memoryBytes(): number {
    let bytes = 0
    for (const { preparation } of this.waiting) {
      for (const loading of preparation?.loadings.values() ?? []) bytes += loading.memoryBytes
    }
    return bytes
  }

  holdUp(client: Client, command: Command, request: Request): boolean {
    if (client.preparation === null) {
      const { transaction } = client
      if (transaction === null) this.prepare(client, command, request)
      else if (command.fullName === 'exec' && (transaction.flags & PREPARED) !== 0 && !willFail(client)) {
        for (const queued of transaction.queue) this.prepare(client, queued.command, queued.request)
      }
    }
    const { preparation } = client
    if (preparation === null || isReady(preparation)) return false
    client.transport.postpone(request)
    client.blocked = { kind: 'payload', cancel: () => this.cancel(client), timeOut: null }
    this.waiting.push(client)
    this.schedule()
    return true
  }

  /** Begins to prepare the payload of a request, if it has a large one. */
  private prepare(client: Client, command: Command, request: Request): void {
    const { keyspace, skipsChecksums, valueLimits } = this.server
    if (command.fullName !== 'restore' && command.fullName !== 'restore-asking') return
    const { buffer, ends, starts } = request
    if (!isLargePayload(buffer, starts[PAYLOAD_INDEX], ends[PAYLOAD_INDEX])) return
    const queued = client.transaction !== null
    // What comes before it in the transaction may still change that.
    if (!queued && !wantsPayload(request, client.db)) return
    const { buffer: bytes, ends: behind, starts: from } = queued ? request : request.keep()
    const loading = new PayloadLoading(
      keyspace,
      valueLimits,
      bytes,
      from[PAYLOAD_INDEX],
      behind[PAYLOAD_INDEX],
      !skipsChecksums,
    )
    client.preparation ??= { loadings: new Map() }
    client.preparation.loadings.set(queued ? request : null, loading)
  }

  private schedule(): void {
    if (this.scheduled || this.waiting.length === 0) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      this.run()
      this.schedule()
    })
  }

  private run(): void {
    const client = this.waiting.shift()
    if (client === undefined || client.preparation === null) return
    const deadline = performance.now() + SLICE_MS
    for (const loading of client.preparation.loadings.values()) {
      if (!loading.ready && !loading.step(deadline)) {
        this.waiting.push(client)
        return
      }
    }
    client.blocked = null
    client.transport.resume()
  }

  /** The client is gone, or gets another answer. */
  private cancel(client: Client): void {
    const at = this.waiting.indexOf(client)
    if (at >= 0) this.waiting.splice(at, 1)
    client.transport.dropPostponed()
    this.end(client)
  }

  end(client: Client): void {
    const { preparation } = client
    client.preparation = null
    for (const loading of preparation?.loadings.values() ?? []) {
      loading.close()
      this.giveBack(loading.payload)
    }
  }

  /**
   * The memory of a large request goes at once, and not in a garbage collection, which might hold up everybody with it. When the
   * turn is over nobody has it any more but the stream to replicas, which says that it holds it.
   */
  private giveBack({ buffer }: Buffer): void {
    if (buffer.byteLength < GIVEN_BACK_MIN_BYTES) return
    this.server.afterTurn(() => this.server.keyspace.released.add(buffer))
  }
}

/** Whether the client's EXEC will run nothing. */
function willFail({ transaction, watchFailed }: Client): boolean {
  return transaction === null || transaction.failed || watchFailed
}

function isReady({ loadings }: Preparation): boolean {
  for (const loading of loadings.values()) if (!loading.ready) return false
  return true
}
