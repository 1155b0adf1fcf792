import { useEffect, useRef, useState } from 'preact/hooks'
import type { Store } from '../server/store.js'

/** The store's value, now and whenever it changes. */
export function useStore<T>(store: Store<T>): T {
  const [, setValue] = useState(store.value)
  useEffect(() => {
    setValue(() => store.value)
    return store.watch(value => setValue(() => value))
  }, [store])
  return store.value
}

/** What was loaded, or why it was not. */
export interface Loaded<T> {
  value: T | null
  /** In words; null while all is well. */
  error: string | null
}

/**
 * Loads now, whenever `deps` change, and again after so many milliseconds: from the end of a load on, and in no more than a
 * tenth of the time, so that what is large does not keep a server busy. The earlier value stays until the new one is there.
 */
export function useLoaded<T>(
  load: () => Promise<T>,
  deps: readonly unknown[],
  every: number | ((value: T) => number) = 0,
): Loaded<T> {
  const [state, setState] = useState<Loaded<T>>({ value: null, error: null })
  const current = useRef(load)
  current.current = load
  useEffect(() => {
    let over = false
    let everyMs = typeof every === 'number' ? every : RETRY_MS
    let timer: ReturnType<typeof setTimeout> | undefined
    const run = async () => {
      const begun = performance.now()
      try {
        const value = await current.current()
        if (!over) setState({ value, error: null })
        if (typeof every === 'function') everyMs = every(value)
      } catch (error) {
        if (!over) setState(({ value }) => ({ value, error: words(error) }))
      }
      if (!over && everyMs > 0) timer = setTimeout(run, Math.max(everyMs, 9 * (performance.now() - begun)))
    }
    run()
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, deps)
  return state
}

const RETRY_MS = 2000

export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
