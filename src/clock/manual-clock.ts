/**
 * A clock that stands still until it is moved. What waits for a time gets it in order, one after another, each at its own time; and
 * who follows the clock (a server, with all that happens in it by the time) hears of every step.
 */
import type { Clock, ClockTimer } from './clock.js'
import { nextTurn, wallClock } from './platform.js'

/** A server that lives by the clock. */
export interface ClockFollower {
  /** Sockets have to be read between steps: other servers live by the same clock. */
  readonly hasLinks: boolean
  /** The clock is about to move as far as this. May go on in slices. */
  prepare(untilMs: number): Promise<void>
  /** It is so late now: what was to happen until then happens, in order. */
  passed(nowMs: number): void
  /** Once a step: what is done by the clock again and again. */
  tick(nowMs: number): void
}

interface ManualTimer extends ClockTimer {
  atMs: number
  readonly run: () => void
}

/** Followers hear of the time this often. A long way is gone in larger steps: as many, or so long that replicas do not give up. */
const STEP_MS = 1000
const STEPS_MAX = 600
const LINKED_STEP_MAX_MS = 10_000
/** Turns of the event loop in which what was written comes out at the other end of a link, is served and answered. */
const TURNS_OF_AN_ANSWER = 4
const HELD_UP_MAX_STEPS = 500

export class ManualClock implements Clock {
  private nowMs: number
  private readonly timers = new Set<ManualTimer>()
  private readonly followers = new Set<ClockFollower>()
  /** The advance() under way: the next one begins behind it. */
  private moving: Promise<void> = Promise.resolve()

  /** @throws TypeError for what is no time */
  constructor(nowMs: number = wallClock()) {
    checkTime(nowMs, 'a ManualClock begins at')
    this.nowMs = nowMs
  }

  now(): number {
    return this.nowMs
  }

  microseconds(): number {
    return this.nowMs * 1000
  }

  setTimeout(run: () => void, ms: number): ClockTimer {
    const timer: ManualTimer = { atMs: this.nowMs + Math.max(0, ms), run }
    this.timers.add(timer)
    return timer
  }

  clearTimeout(timer: ClockTimer): void {
    this.timers.delete(timer as ManualTimer)
  }

  /** @internal How many wait. */
  get timerCount(): number {
    return this.timers.size
  }

  /** @internal Returns what ends it. */
  follow(follower: ClockFollower): () => void {
    this.followers.add(follower)
    return () => this.followers.delete(follower)
  }

  /** Lets so many milliseconds pass. Resolves when all that was to happen in them has happened. */
  advance(ms: number): Promise<void> {
    if (typeof ms !== 'number' || !(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
      return Promise.reject(
        new TypeError(`redis-ts: advance() takes milliseconds from 0 on, and is given ${String(ms)}`),
      )
    }
    const moved = this.moving.then(() => this.moveTo(this.nowMs + ms))
    this.moving = moved.catch(() => {})
    return moved
  }

  /**
   * Goes to a time (a Date, or Unix time in milliseconds): a later one as by advance(). Back, nothing happens: timers wait as long as they
   * had to, and what has its end at a time (keys, blocking commands, pauses) waits for that time, as in Redis where the system's clock is
   * set.
   */
  async set(time: number | Date): Promise<void> {
    const nowMs = Number(time)
    checkTime(typeof time === 'object' && time !== null ? nowMs : time, 'set() takes')
    const moved = this.moving.then(() => (nowMs < this.nowMs ? this.moveBack(nowMs) : this.moveTo(nowMs)))
    this.moving = moved.catch(() => {})
    return moved
  }

  private moveBack(nowMs: number): void {
    for (const timer of this.timers) timer.atMs += nowMs - this.nowMs
    this.nowMs = nowMs
    for (const follower of this.followers) follower.passed(nowMs)
  }

  /** @internal Moves to the next timer's time and runs it, or to `untilMs`. False: there was none until then. */
  step(untilMs: number): boolean {
    let next: ManualTimer | null = null
    for (const timer of this.timers) {
      if (timer.atMs <= untilMs && (next === null || timer.atMs < next.atMs)) next = timer
    }
    this.nowMs = Math.max(this.nowMs, next === null ? untilMs : next.atMs)
    for (const follower of this.followers) follower.passed(this.nowMs)
    if (next === null) return false
    this.timers.delete(next)
    next.run()
    return true
  }

  private async moveTo(untilMs: number): Promise<void> {
    // Requests that were sent before belong to the time before.
    await turns(TURNS_OF_AN_ANSWER)
    const hasLinks = [...this.followers].some(follower => follower.hasLinks)
    const even = Math.max(STEP_MS, (untilMs - this.nowMs) / STEPS_MAX)
    const stepMs = hasLinks ? Math.min(LINKED_STEP_MAX_MS, even) : even
    for (const follower of this.followers) await follower.prepare(untilMs)
    let heldUp = 0
    do {
      await this.pass(Math.min(untilMs, this.nowMs + stepMs))
      for (const follower of this.followers) follower.tick(this.nowMs)
      if (hasLinks) await turns(TURNS_OF_AN_ANSWER)
      else if (++heldUp % HELD_UP_MAX_STEPS === 0) await nextTurn()
    } while (this.nowMs < untilMs)
    // What has come on the way may have expired as well.
    for (const follower of this.followers) {
      await follower.prepare(untilMs)
      follower.passed(untilMs)
    }
    await turns(TURNS_OF_AN_ANSWER)
  }

  /** One step, with the timers on the way: what one sets going may set another. */
  private async pass(untilMs: number): Promise<void> {
    // Who has waited for a timer goes on with what it has to do at that time.
    while (this.step(untilMs)) await turns(TURNS_OF_AN_ANSWER)
  }
}

function checkTime(ms: unknown, what: string): void {
  if (typeof ms === 'number' && ms >= 0 && ms < Number.POSITIVE_INFINITY) return
  throw new TypeError(`redis-ts: ${what} a Unix time in milliseconds, and is given ${String(ms)}`)
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn()
}
