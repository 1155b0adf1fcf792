import type { EventEmitter } from 'node:events'
import { afterEach } from 'vitest'

/** Something of a library that holds a connection. */
interface Closing {
  close(): Promise<unknown> | unknown
}

/**
 * For one test file: `closed(it)` gives `it` back and closes it after the test, the last one first, so that workers go before the
 * connection they share.
 */
export function closeAfterEach(): <T extends Closing>(it: T) => T {
  const open: Closing[] = []
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close()
  })
  return it => {
    open.push(it)
    return it
  }
}

/** Resolves with the arguments of the next `count` events of this name; rejects when the emitter has an error. */
export function take<T extends unknown[]>(emitter: EventEmitter, event: string, count: number): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const taken: T[] = []
    const settle = () => {
      emitter.off(event, listener)
      emitter.off('error', failed)
    }
    const listener = (...args: T) => {
      if (taken.push(args) < count) return
      settle()
      resolve(taken)
    }
    const failed = (error: Error) => {
      settle()
      reject(error)
    }
    emitter.on(event, listener as (...args: unknown[]) => void)
    emitter.on('error', failed)
  })
}
