import { useEffect, useState } from 'preact/hooks'
import { useLoaded, useStore } from '../parts/hooks.js'
import { count } from '../parts/numbers.js'
import type { Bytes } from '../server/bytes.js'
import { useServer } from '../server/page-server.js'
import { elementsIn, numberIn } from '../server/reply.js'
import { KeyList } from './key-list.js'
import { KeyView } from './key-view.js'
import { NewKey } from './new-key.js'
import { patternBytes } from './pattern.js'

const TYPES = ['string', 'list', 'set', 'zset', 'hash', 'stream']
const TYPING_MS = 300

/** A key in its database. */
export interface ChosenKey {
  db: number
  key: Bytes
}

/** What an edit has done to the list of keys. */
export interface Moved {
  gone: Bytes | null
  come: Bytes | null
}

/** The keys of a database by prefix, and the value of the one that is chosen. */
export function Keys() {
  const { live } = useServer()
  const state = useStore(live.state)
  const [db, setDb] = useState(0)
  const [typed, setTyped] = useState('')
  const [type, setType] = useState('')
  const [chosen, setChosen] = useState<ChosenKey | null>(null)
  const [creating, setCreating] = useState(false)
  const [moved, setMoved] = useState<Moved>({ gone: null, come: null })
  const pattern = useSettled(typed.trim() || '*')
  const writes = state?.server.writes ?? false

  const choose = (key: Bytes | null) => {
    setCreating(false)
    setChosen(key === null ? null : { db, key })
  }
  const move = (moved: Moved) => {
    setMoved(moved)
    choose(moved.come)
  }
  return (
    <section class={chosen || creating ? 'keys viewing' : 'keys'} aria-label="Keys">
      <div class="list">
        <div class="bar">
          <DatabaseChoice db={db} onChoose={setDb} />
          <input
            type="search"
            placeholder="Match, e.g. user:*"
            aria-label="Match keys"
            value={typed}
            onInput={event => setTyped(event.currentTarget.value)}
          />
          <select aria-label="Type" value={type} onChange={event => setType(event.currentTarget.value)}>
            <option value="">any type</option>
            {TYPES.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
          {writes && (
            <button type="button" onClick={() => setCreating(true)}>
              New
            </button>
          )}
        </div>
        <KeyList
          key={`${db} ${pattern} ${type}`}
          db={db}
          pattern={patternBytes(pattern)}
          type={type}
          chosen={chosen?.db === db ? chosen.key : null}
          moved={moved}
          onChoose={choose}
        />
      </div>
      <div class="value">
        {creating && writes ? (
          <NewKey db={db} onMade={key => move({ gone: null, come: key })} onBack={() => setCreating(false)} />
        ) : chosen === null ? (
          <p class="none">Choose a key to see its value.</p>
        ) : (
          <KeyView
            key={`${chosen.db} ${chosen.key}`}
            chosen={chosen}
            writes={writes}
            onBack={() => choose(null)}
            onChanged={() => setMoved({ gone: null, come: chosen.key })}
            onMoved={key => move({ gone: chosen.key, come: key })}
          />
        )}
      </div>
    </section>
  )
}

function DatabaseChoice({ db, onChoose }: { db: number; onChoose(db: number): void }) {
  const { api, live } = useServer()
  const state = useStore(live.state)
  const configured = useLoaded(
    async () => numberIn(elementsIn(await api.reply(0, 'CONFIG', 'GET', 'databases'))[1]!),
    [api],
  )
  const filled = new Map((state?.server.databases ?? []).map(({ db, keys }) => [db, keys]))
  // A user who may not read the configuration has those that hold something.
  const databases = configured.value
    ? Array.from({ length: configured.value }, (_, i) => i)
    : [...new Set([0, db, ...filled.keys()])].sort((a, b) => a - b)
  return (
    <select aria-label="Database" value={db} onChange={event => onChoose(Number(event.currentTarget.value))}>
      {databases.map(number => (
        <option key={number} value={number}>
          db{number}
          {filled.has(number) ? ` · ${count(filled.get(number)!)}` : ''}
        </option>
      ))}
    </select>
  )
}

/** The value once it has not changed for a moment. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), TYPING_MS)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
