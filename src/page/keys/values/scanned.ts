import { useEffect, useReducer, useRef, useState } from 'preact/hooks'
import { words } from '../../parts/hooks.js'
import type { Bytes } from '../../server/bytes.js'
import { useServer } from '../../server/page-server.js'
import { bytesIn, checked, elementsIn, type Reply } from '../../server/reply.js'

const PAGE = 500
const PAGE_MS = 2000
const COUNT = 500

/** Elements that a cursor has given so far. */
export interface Scanned<Element> {
  elements: readonly Element[]
  done: boolean
  running: boolean
  error: string | null
  more(): void
}

/**
 * SSCAN or HSCAN over a key, a page at a time, from the start whenever `turn` or the pattern changes. `elementsOf` makes
 * elements of a step's replies; `nameOf` says which are the same, since a cursor may give one twice.
 */
export function useScanned<Element>(
  command: (cursor: string, count: number) => (string | number)[],
  elementsOf: (replies: Reply[]) => Promise<Element[]> | Element[],
  nameOf: (element: Element) => Bytes,
  db: number,
  again: readonly unknown[],
): Scanned<Element> {
  const { api } = useServer()
  const [, changed] = useReducer<number, void>(n => n + 1, 0)
  const found = useRef(new Map<Bytes, Element>())
  const list = useRef<Element[]>([])
  const cursor = useRef('0')
  const running = useRef<AbortController | null>(null)
  const [done, setDone] = useState(false)
  const [error, setError] = useState<string | null>(null)

  const more = async () => {
    running.current?.abort()
    const own = new AbortController()
    running.current = own
    changed()
    const end = performance.now() + PAGE_MS
    const wanted = found.current.size + PAGE
    try {
      do {
        const [[reply]] = await api.repliesOfUpTo(db, COUNT, count => [command(cursor.current, count)])
        const [next, replies] = elementsIn(checked(reply!))
        const elements = await elementsOf(elementsIn(replies!))
        if (own.signal.aborted) return
        cursor.current = bytesIn(next!)
        for (const element of elements) found.current.set(nameOf(element), element)
      } while (cursor.current !== '0' && found.current.size < wanted && performance.now() < end)
      setDone(cursor.current === '0')
      setError(null)
    } catch (error) {
      if (!own.signal.aborted) setError(words(error))
    }
    if (running.current !== own) return
    running.current = null
    list.current = [...found.current.values()]
    changed()
  }
  useEffect(() => {
    found.current = new Map()
    cursor.current = '0'
    setDone(false)
    more()
    return () => running.current?.abort()
  }, again)
  return { elements: list.current, done, running: running.current !== null, error, more }
}
