import { performance, setImmediate } from '../clock/platform.js'
import type { Transport } from '../commands/client.js'

const SLICE_MS = 1

/** Closes connections of clients that are forgotten already: in slices, since the system takes some 30 microseconds for each. */
export function closeInSlices(transports: readonly Transport[]): void {
  const deadline = performance.now() + SLICE_MS
  let next = 0
  while (next < transports.length && performance.now() < deadline) transports[next++].close()
  if (next < transports.length) setImmediate(() => closeInSlices(transports.slice(next)))
}
