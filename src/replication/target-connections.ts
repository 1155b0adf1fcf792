/**
 * Connections to targets of MIGRATE, kept for ten seconds behind their last use: whoever moves many keys sends one MIGRATE
 * after the other. One MIGRATE uses a connection at a time; others to the same target wait for it.
 */
import type { Clock, ClockTimer } from '../clock/clock.js'
import { TargetConnection, TargetError } from './target-connection.js'

const KEPT_MS = 10_000
/** More are not kept (MIGRATE_SOCKET_CACHE_ITEMS in Redis's cluster.c). */
const KEPT_MAX = 64

interface Place {
  /** Null while it is being opened. */
  connection: TargetConnection | null
  busy: boolean
  /** Those who wait for it, in order. */
  readonly waiting: (() => void)[]
  timer: ClockTimer | null
}

export class TargetConnections {
  private readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  private readonly places = new Map<string, Place>()
  private closed = false

  /** Number of open connections (INFO migrate_cached_sockets). */
  get count(): number {
    let count = 0
    for (const { connection } of this.places.values()) if (connection !== null) count++
    return count
  }

  /** A connection to `host`:`port` for the caller alone, until release(). @throws TargetError */
  async take(host: string, port: string, timeoutMs: number): Promise<TargetConnection> {
    const name = `${host}:${port}`
    for (;;) {
      if (this.closed) throw new TargetError(false)
      const place = this.places.get(name)
      if (place === undefined) return this.open(name, host, port, timeoutMs)
      if (!place.busy && place.connection !== null) {
        place.busy = true
        if (place.timer !== null) this.clock.clearTimeout(place.timer)
        return place.connection
      }
      await new Promise<void>(resolve => place.waiting.push(resolve))
    }
  }

  private async open(name: string, host: string, port: string, timeoutMs: number): Promise<TargetConnection> {
    const place: Place = { connection: null, busy: true, waiting: [], timer: null }
    this.dropOneOfMany()
    this.places.set(name, place)
    try {
      const connection = await TargetConnection.open(host, Number.parseInt(port, 10) || 0, timeoutMs)
      place.connection = connection
      connection.onClosed = () => this.forget(name, place)
      if (this.closed) connection.close()
      return connection
    } catch (error) {
      this.forget(name, place)
      throw error
    }
  }

  private dropOneOfMany(): void {
    if (this.places.size < KEPT_MAX) return
    for (const { busy, connection } of this.places.values()) {
      if (busy) continue
      connection?.close()
      return
    }
  }

  private forget(name: string, place: Place): void {
    if (this.places.get(name) === place) this.places.delete(name)
    if (place.timer !== null) this.clock.clearTimeout(place.timer)
    for (const next of place.waiting.splice(0)) next()
  }

  /** Gives a connection back, which may be closed. */
  release(connection: TargetConnection): void {
    for (const place of this.places.values()) {
      if (place.connection !== connection) continue
      place.busy = false
      place.timer = this.clock.setTimeout(() => connection.close(), KEPT_MS)
      place.timer.unref?.()
      place.waiting.shift()?.()
      return
    }
  }

  /** The server goes down: there will be no more connections. */
  closeAll(): void {
    this.closed = true
    for (const { connection } of this.places.values()) connection?.close()
  }
}
