/**
 * Node's own timers and clocks. Tests put fakes in place of the globals (vitest, jest, sinon), before this module is loaded or after:
 * a server inside such a test goes on all the same, since all that waits or reads the time in src/ takes it from here.
 */
import { performance as nodePerformance } from 'node:perf_hooks'

/** What @sinonjs/fake-timers leaves on each global that it replaces: its clock, which keeps the original by its name behind a '_'. */
interface Fake {
  readonly clock?: Readonly<Record<string, unknown>>
}

type Replaced =
  | 'setTimeout'
  | 'clearTimeout'
  | 'setInterval'
  | 'clearInterval'
  | 'setImmediate'
  | 'clearImmediate'
  | 'Date'

function original<Name extends Replaced>(name: Name): (typeof globalThis)[Name] {
  const present = globalThis[name] as (typeof globalThis)[Name] & Fake
  const kept = present.clock?.[`_${name}`]
  return typeof kept === 'function' ? (kept as (typeof globalThis)[Name]) : present
}

export const setTimeout = original('setTimeout')
export const clearTimeout = original('clearTimeout')
export const setInterval = original('setInterval')
export const clearInterval = original('clearInterval')
export const setImmediate = original('setImmediate')
export const clearImmediate = original('clearImmediate')

/** Unix time in milliseconds. */
export const wallClock: () => number = original('Date').now

/** The monotonic clock; milliseconds since `timeOrigin`, with fractions. A fake would be a property of the object itself. */
export const performance: Pick<typeof nodePerformance, 'timeOrigin' | 'now' | 'nodeTiming' | 'eventLoopUtilization'> = {
  timeOrigin: nodePerformance.timeOrigin,
  nodeTiming: nodePerformance.nodeTiming,
  eventLoopUtilization: nodePerformance.eventLoopUtilization,
  now: Object.getPrototypeOf(nodePerformance).now.bind(nodePerformance),
}

/** Lets everybody else have their turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => void setImmediate(resolve))
}

export function delay(ms: number): Promise<void> {
  return new Promise(resolve => void setTimeout(resolve, ms))
}
