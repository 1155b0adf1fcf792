import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
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

/** What an effect has found, or why it has not. */
export interface Loaded<T> {
  value: T | null
  /** In words; null while all is well. */
  error: string | null
  loading: boolean
  /** When `value` was found. */
  at: number
}

/**
 * Loads now, whenever `deps` change, and every `everyMs`: from the end of a load on, and no more than a tenth of the time, so
 * that what is large does not keep a server busy. The earlier value stays until the new one is there.
 */
export function useLoaded<T>(
  load: () => Promise<T>,
  deps: readonly unknown[],
  everyMs = 0,
): Loaded<T> & { reload(): void } {
  const [state, setState] = useState<Loaded<T>>({ value: null, error: null, loading: true, at: 0 })
  const [turn, setTurn] = useState(0)
  const current = useRef(load)
  current.current = load
  useEffect(() => {
    let over = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const run = async () => {
      const begun = performance.now()
      setState(state => ({ ...state, loading: true }))
      try {
        const value = await current.current()
        if (!over) setState({ value, error: null, loading: false, at: Date.now() })
      } catch (error) {
        if (!over) setState(state => ({ ...state, error: words(error), loading: false }))
      }
      if (!over && everyMs > 0) timer = setTimeout(run, Math.max(everyMs, 9 * (performance.now() - begun)))
    }
    run()
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [...deps, everyMs, turn])
  const reload = useCallback(() => setTurn(turn => turn + 1), [])
  return { ...state, reload }
}

export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
