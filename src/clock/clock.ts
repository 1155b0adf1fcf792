/** The time as a server has it: the system's, or one that a test sets (manual-clock.ts). Work in slices is timed by the platform instead. */
import { clearTimeout, performance, setTimeout, wallClock } from './platform.js'

/** What a clock's setTimeout() returns. */
export interface ClockTimer {
  /** It holds no process up any more. */
  unref?(): unknown
}

export interface Clock {
  /** Unix time in milliseconds. */
  now(): number
  /** Unix time in microseconds. */
  microseconds(): number
  /** Calls `run` once, in so many milliseconds of this clock's; Infinity and what is too long for a timer of Node's wait for 24 days. */
  setTimeout(run: () => void, ms: number): ClockTimer
  clearTimeout(timer: ClockTimer): void
  /** Whether timers set from now on keep the process from ending; missing: they never do. */
  hold?(holds: boolean): void
}

/** The longest that a timer of Node's can wait. */
const TIMER_MAX_MS = 2 ** 31 - 1
/** How far the fine clock may be from the system's before it follows: after that one was set, or slewed. */
const MAX_ERROR_MS = 2

export class SystemClock implements Clock {
  /** Where performance.now() began, by the wall clock. Date.now() has milliseconds only. */
  private originMs = performance.timeOrigin
  private holds = true

  now(): number {
    return wallClock()
  }

  /** Never runs backwards but when the system's clock is set back. */
  microseconds(): number {
    const wall = wallClock()
    let now = this.originMs + performance.now()
    if (Math.abs(now - wall) > MAX_ERROR_MS) {
      this.originMs += wall - now
      now = wall
    }
    return Math.floor(now * 1000)
  }

  setTimeout(run: () => void, ms: number): ClockTimer {
    const timer = setTimeout(run, Math.min(ms, TIMER_MAX_MS))
    return this.holds ? timer : timer.unref()
  }

  clearTimeout(timer: ClockTimer): void {
    clearTimeout(timer as NodeJS.Timeout)
  }

  hold(holds: boolean): void {
    this.holds = holds
  }
}
