import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks'
import { words } from '../parts/hooks.js'
import { count, seconds, short } from '../parts/numbers.js'
import { ErrorText, Shown } from '../parts/text.js'
import { type Column, WindowTable } from '../parts/window-table.js'
import type { Bytes } from '../server/bytes.js'
import { useServer } from '../server/page-server.js'
import { isError, numberIn, textIn } from '../server/reply.js'
import { KeyGroups, type KeyRow } from './key-groups.js'
import { KeyScan } from './key-scan.js'
import type { Moved } from './keys.js'
import { literal } from './pattern.js'

interface Props {
  db: number
  /** As MATCH takes it. */
  pattern: Bytes
  type: string
  chosen: Bytes | null
  moved: Moved
  onChoose(key: Bytes): void
}

/** A prefix that was opened, and the walk that fills it. */
interface Level {
  groups: KeyGroups
  scan: KeyScan
}

interface KeyFacts {
  type: string
  /** Milliseconds; negative without one. */
  ttl: number
}

const SETTLED_MS = 60
const MARKS: Readonly<Record<string, string>> = {
  string: 'str',
  list: 'list',
  set: 'set',
  zset: 'zset',
  hash: 'hash',
  stream: 'strm',
}

/** Keys as SCAN gives them, a page at a time, grouped below the prefix that is open. */
export function KeyList({ db, pattern, type, chosen, moved, onChoose }: Props) {
  const { api } = useServer()
  const [, changed] = useReducer<number, void>(n => n + 1, 0)
  const [levels, setLevels] = useState<Level[]>(() => [
    { groups: new KeyGroups('' as Bytes), scan: new KeyScan(api, db, pattern, type) },
  ])
  const [total, setTotal] = useState<number | null>(null)
  const [error, setError] = useState<string | null>(null)
  const running = useRef<AbortController | null>(null)
  const { facts, look, forget } = useKeyFacts(db)
  const level = levels.at(-1)!
  const { groups, scan } = level

  const stop = () => {
    running.current?.abort()
    running.current = null
    changed()
  }
  const more = async ({ groups, scan }: Level) => {
    running.current?.abort()
    const own = new AbortController()
    running.current = own
    setError(null)
    changed()
    try {
      setTotal(numberIn(await api.reply(db, 'DBSIZE')))
      await scan.page(keys => {
        const added = groups.add(keys)
        changed()
        return added
      }, own.signal)
    } catch (error) {
      if (!own.signal.aborted) setError(words(error))
    }
    if (running.current === own) stop()
  }
  useEffect(() => {
    more(level)
    return () => running.current?.abort()
  }, [])
  useEffect(() => {
    for (const { groups } of levels) {
      if (moved.gone !== null) groups.delete(moved.gone)
      if (moved.come !== null) groups.add([moved.come])
    }
    if (moved.come !== null) forget(moved.come)
    changed()
  }, [moved])

  const open = (prefix: Bytes) => {
    const below = groups.below(prefix)
    // A pattern that was typed goes on as it is: MATCH takes one.
    const same = pattern !== '*' || scan.done
    const next = {
      groups: below,
      scan: same ? scan : new KeyScan(api, db, `${literal(prefix)}*` as Bytes, type),
    }
    stop()
    setLevels([...levels, next])
    if (!same) more(next)
  }
  const closeTo = (depth: number) => {
    stop()
    const kept = levels.slice(0, depth + 1)
    for (const { groups } of levels.slice(depth + 1)) kept.at(-1)!.groups.addAll(groups)
    setLevels(kept)
  }

  const rows = useMemo(() => groups.rows(), [groups, groups.version])

  // The row that opened a prefix is no longer there: the keyboard goes on at the first of it.
  const prefixes = useRef<HTMLElement>(null)
  useEffect(() => {
    if (levels.length > 1 && document.activeElement === document.body)
      prefixes.current!.parentElement!.querySelector<HTMLElement>('tr.choice')?.focus()
  }, [levels.length])

  const columns: Column<KeyRow>[] = [
    {
      name: 'type',
      width: 52,
      cell: row => (row.kind === 'group' ? '' : <Mark type={facts.get(row.key)?.type ?? ''} />),
    },
    {
      name: 'key',
      cell: row => (
        <span class={row.kind === 'group' ? 'group' : ''}>
          <Shown bytes={row.kind === 'key' && row.rest === '' ? row.key : row.rest} limit={300} />
        </span>
      ),
    },
    {
      name: 'keys / expires',
      width: 112,
      right: true,
      cell: row => (row.kind === 'group' ? `${short(row.seen)}${scan.done ? '' : ' +'}` : ttl(facts.get(row.key))),
    },
  ]
  return (
    <>
      <nav class="prefixes" aria-label="Prefix" ref={prefixes}>
        <Crumbs levels={levels} onClose={closeTo} />
      </nav>
      <ErrorText>{error}</ErrorText>
      <WindowTable
        label="Keys"
        rows={rows}
        columns={columns}
        keyOf={row => (row.kind === 'group' ? `group ${row.prefix}` : row.key)}
        empty={running.current ? '' : scan.done ? 'No key.' : 'No key so far.'}
        onChoose={row => (row.kind === 'group' ? open(row.prefix) : onChoose(row.key))}
        chosen={row => row.kind === 'key' && row.key === chosen}
        onWindow={(from, to) => look(rows.slice(from, to))}
      />
      <div class="bar foot">
        <output class="note">{progress(groups, scan, total)}</output>
        {running.current ? (
          <button type="button" onClick={stop}>
            Stop
          </button>
        ) : (
          <button type="button" disabled={scan.done} onClick={() => more(level)}>
            More
          </button>
        )}
      </div>
    </>
  )
}

function Crumbs({ levels, onClose }: { levels: Level[]; onClose(depth: number): void }) {
  return (
    <>
      {levels.map(({ groups: { prefix } }, depth) => {
        const name =
          depth === 0 ? 'all keys' : <Shown bytes={prefix.slice(levels[depth - 1]!.groups.prefix.length) as Bytes} />
        return depth === levels.length - 1 ? (
          <b key={prefix}>{name}</b>
        ) : (
          <button key={prefix} type="button" class="quiet" onClick={() => onClose(depth)}>
            {name}
          </button>
        )
      })}
    </>
  )
}

export function Mark({ type }: { type: string }) {
  return <span class="mark">{MARKS[type] ?? type}</span>
}

function ttl(facts: KeyFacts | undefined): string {
  return facts === undefined || facts.ttl < 0 ? '' : seconds(facts.ttl / 1000)
}

function progress(groups: KeyGroups, scan: KeyScan, total: number | null): string {
  const keys = `${count(groups.seen)} key${groups.seen === 1 ? '' : 's'}`
  if (scan.done) return `${keys}, all looked at`
  return total === null ? keys : `${keys}; about ${count(Math.min(scan.lookedAt, total))} of ${count(total)} looked at`
}

/** Type and expiry of the keys in sight, asked once the list rests. */
function useKeyFacts(db: number) {
  const { api } = useServer()
  const [facts] = useState(() => new Map<Bytes, KeyFacts>())
  const [, changed] = useReducer<number, void>(n => n + 1, 0)
  const sight = useRef<KeyRow[]>([])
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const ask = async (keys: Bytes[]) => {
    const replies = await api.replies(
      db,
      keys.flatMap(key => [
        ['TYPE', key],
        ['PTTL', key],
      ]),
    )
    keys.forEach((key, i) => {
      const [type, ttl] = [replies[2 * i]!, replies[2 * i + 1]!]
      facts.set(key, { type: isError(type) ? '' : textIn(type), ttl: isError(ttl) ? -1 : numberIn(ttl) })
    })
    changed()
  }
  const look = (rows: KeyRow[]) => {
    sight.current = rows
    clearTimeout(timer.current)
    const keys = rows.flatMap(row => (row.kind === 'key' && !facts.has(row.key) ? [row.key] : []))
    // The list does without them where the server cannot be asked.
    if (keys.length > 0) timer.current = setTimeout(() => ask(keys).catch(() => {}), SETTLED_MS)
  }
  /** They may have changed. */
  const forget = (key: Bytes) => {
    facts.delete(key)
    look(sight.current)
  }
  useEffect(() => () => clearTimeout(timer.current), [])
  return { facts, look, forget }
}
