/**
 * Pauses: for a while commands that write, or all commands, wait, and nothing else changes the data either (keys neither
 * expire nor are evicted). Several purposes may pause at once, each with its own end; the most restrictive holds. Source of
 * behaviour: pauseActions in Redis's networking.c.
 */
import type { Clock, ClockTimer } from '../../clock/clock.js'
import type { Client } from '../client.js'
import { PostponedClients } from './postponed-clients.js'

export type PausePurpose = 'client' | 'shutdown' | 'failover'

/** What waits. The higher is the more restrictive. */
export const PAUSE_NOTHING = 0
export const PAUSE_WRITES = 1
export const PAUSE_ALL = 2

interface PauseEvent {
  level: number
  /** Unix time in milliseconds. */
  untilMs: number
}

export class Pause {
  /** What waits now. */
  level = PAUSE_NOTHING
  private readonly events: Record<PausePurpose, PauseEvent> = {
    client: { level: PAUSE_NOTHING, untilMs: 0 },
    shutdown: { level: PAUSE_NOTHING, untilMs: 0 },
    failover: { level: PAUSE_NOTHING, untilMs: 0 },
  }
  private readonly waiting = new PostponedClients()
  private timer: ClockTimer | null = null
  private readonly clock: Clock
  private readonly onChange: () => void

  /** @param onChange called when another level holds. */
  constructor(clock: Clock, onChange: () => void) {
    this.clock = clock
    this.onChange = onChange
  }

  /**
   * Pauses for a purpose until a Unix time in milliseconds (Infinity: until end()). Of a pause under way for the same purpose
   * the later end stays.
   */
  begin(purpose: PausePurpose, level: number, untilMs: number): void {
    const event = this.events[purpose]
    event.level = level
    event.untilMs = Math.max(event.untilMs, untilMs)
    this.update()
  }

  /** CLIENT PAUSE: of a pause under way the more restrictive level stays as well. */
  beginForClient(level: number, untilMs: number): void {
    this.begin('client', Math.max(level, this.events.client.level), untilMs)
  }

  end(purpose: PausePurpose): void {
    const event = this.events[purpose]
    event.level = PAUSE_NOTHING
    event.untilMs = 0
    this.update()
  }

  /** Works out what holds now, and until when it does. */
  private update(): void {
    const now = this.clock.now()
    const before = this.level
    let level = PAUSE_NOTHING
    let nextMs = Number.POSITIVE_INFINITY
    for (const event of Object.values(this.events)) {
      if (event.untilMs > now) {
        level = Math.max(level, event.level)
        nextMs = Math.min(nextMs, event.untilMs)
      } else {
        event.level = PAUSE_NOTHING
        event.untilMs = 0
      }
    }
    this.level = level
    this.close()
    if (nextMs !== Number.POSITIVE_INFINITY) {
      this.timer = this.clock.setTimeout(() => this.update(), nextMs - now)
      this.timer.unref?.()
    }
    if (level !== before) this.onChange()
    // What still has to wait will be put back.
    if (level < before) this.waiting.release()
  }

  /** The client's command, which it has put back, waits. */
  postpone(client: Client): void {
    this.waiting.add(client)
  }

  /** Takes the timer back: the server goes down. */
  close(): void {
    if (this.timer !== null) this.clock.clearTimeout(this.timer)
    this.timer = null
  }
}
