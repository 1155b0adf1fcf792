/**
 * maxmemory: when keys are evicted, and which commands are refused. Source of behaviour: performEvictions in Redis's evict.c.
 *
 * Before each command the account is compared with the limit. Over it, keys go until it is met or the time is up that
 * maxmemory-eviction-tenacity allows; the rest goes in slices between turns. All of this together may hold up one turn of
 * the event loop by TURN_BUDGET_MS: once that is spent, a command only evicts what its own request will add, so that memory
 * cannot grow while eviction is behind.
 */
import { performance, setImmediate } from '../clock/platform.js'
import type { EvictionTimes } from '../commands/server-api.js'
import type { LatencyMonitor } from '../observe/latency-monitor.js'
import type { Eviction } from '../store/eviction.js'
import type { Keyspace } from '../store/keyspace.js'

/** Eviction's share of one turn of the event loop, for all commands in it. */
const TURN_BUDGET_MS = 4
/** Keys evicted between two looks at the clock. */
const KEYS_PER_CLOCK_READ = 16
/** Bytes that a command evicts at most when the turn's budget is spent, however large its request. */
const LEAST_MAX_BYTES = 32 * 1024

/** Tenacity 0 to 10 is up to 500 us, in equal steps; each step above that is 15 percent more. */
const STEP_MS = 0.05
const LINEAR_TENACITY = 10
const LINEAR_MAX_MS = STEP_MS * LINEAR_TENACITY
const GROWTH = 1.15

/** The limit is met, or soon will be / nothing is left that may go. */
export type RoomState = 'ok' | 'running' | 'full'

export interface MemoryLimitHost {
  readonly keyspace: Keyspace
  readonly latency: LatencyMonitor
  /** Keys may be evicted: not while data is loaded, not during a pause, and not on a replica that leaves this to its master. */
  readonly mayEvict: boolean
}

export class MemoryLimit implements EvictionTimes {
  private maxmemory = 0
  private limitMs = LINEAR_MAX_MS
  private readonly host: MemoryLimitHost
  private readonly memory: { readonly countedBytes: number }
  private readonly eviction: Eviction
  private spentMs = 0
  private state: RoomState = 'ok'
  private scheduled = false
  /** Since when memory has been over the limit (performance.now()), or 0. */
  private exceededSinceMs = 0
  private exceededMs = 0

  /** @param memory the account whose `countedBytes` is kept at maxmemory. */
  constructor(host: MemoryLimitHost, memory: { readonly countedBytes: number }, eviction: Eviction) {
    this.host = host
    this.memory = memory
    this.eviction = eviction
  }

  /** Takes over maxmemory and maxmemory-eviction-tenacity; evicts in slices when that puts memory over the limit. */
  configure(maxmemory: number, tenacity: number): void {
    this.maxmemory = maxmemory
    this.limitMs = evictionLimitMs(tenacity)
    this.setState(this.over ? 'running' : 'ok')
    if (this.state === 'running') this.afterTurn()
  }

  get totalExceededMs(): number {
    return this.exceededMs + this.currentExceededMs
  }
  get currentExceededMs(): number {
    return this.exceededSinceMs === 0 ? 0 : performance.now() - this.exceededSinceMs
  }

  resetStatistics(): void {
    this.exceededMs = 0
    this.exceededSinceMs = 0
  }

  /** Whether commands have to ask makeRoom(). */
  get inForce(): boolean {
    return this.maxmemory !== 0 && this.host.mayEvict
  }

  private get over(): boolean {
    return this.inForce && this.memory.countedBytes > this.maxmemory
  }

  /** Before a command of `requestBytes`: makes room where needed. False: there is none, and none to be made. */
  makeRoom(requestBytes: number): boolean {
    if (this.memory.countedBytes <= this.maxmemory) {
      if (this.state !== 'ok') this.setState('ok')
      return true
    }
    return this.free(requestBytes) !== 'full'
  }

  /** Evicts until the limit is met or time is up, but as much as `leastBytes` in any case. */
  private free(leastBytes: number): RoomState {
    const { keyspace } = this.host
    const startedMs = performance.now()
    const late = this.spentMs >= TURN_BUDGET_MS
    const deadlineMs = startedMs + Math.min(this.limitMs, TURN_BUDGET_MS - this.spentMs)
    const before = keyspace.usedBytes
    // What eviction itself makes others hold (DELs for replicas, invalidations) is no reason to evict more.
    const wanted = this.memory.countedBytes - this.maxmemory
    const least = Math.min(leastBytes, LEAST_MAX_BYTES)
    let state: RoomState = 'ok'
    let freed = 0
    for (let keys = 1; state === 'ok' && freed < wanted; keys++) {
      // What has been evicted or deleted, but not freed yet, comes first: more keys need not go for it.
      if (keyspace.pendingObjects > 0) {
        if (late || !keyspace.collectGarbage(deadlineMs)) state = 'running'
      } else if (!this.eviction.evictOne()) state = 'full'
      freed = before - keyspace.usedBytes
      const look = late || keys % KEYS_PER_CLOCK_READ === 0
      if (look && freed < wanted && freed >= least && performance.now() >= deadlineMs) state = 'running'
    }
    const elapsedMs = performance.now() - startedMs
    this.spentMs += elapsedMs
    this.host.latency.add('eviction-cycle', elapsedMs)
    this.setState(state)
    this.afterTurn()
    return state
  }

  private setState(state: RoomState): void {
    this.state = state
    if (state !== 'ok') {
      if (this.exceededSinceMs === 0) this.exceededSinceMs = performance.now()
    } else if (this.exceededSinceMs !== 0) {
      this.exceededMs += this.currentExceededMs
      this.exceededSinceMs = 0
    }
  }

  /** The next turn has a budget of its own; what is still over the limit goes in slices, one a turn. */
  private afterTurn(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      this.spentMs = 0
      if (this.state !== 'running') return
      if (this.over) this.free(0)
      else this.setState('ok')
    })
  }
}

/** How long one command may evict, in milliseconds. */
export function evictionLimitMs(tenacity: number): number {
  if (tenacity <= LINEAR_TENACITY) return STEP_MS * tenacity
  return Math.min(TURN_BUDGET_MS, LINEAR_MAX_MS * GROWTH ** (tenacity - LINEAR_TENACITY))
}
