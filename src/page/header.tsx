import { useEffect, useState } from 'preact/hooks'
import { useStore } from './parts/hooks.js'
import { bytes, count, seconds, short } from './parts/numbers.js'
import type { LiveState } from './server/live-state.js'
import { useServer } from './server/page-server.js'
import { roleName } from './server/topology-changes.js'

/** Who the server is and how it does, at a glance; that it has gone, when it has. */
export function Header() {
  const { live, session } = useServer()
  const link = useStore(live.link)
  const asked = useStore(session.state)
  const state = useStore(live.state)
  const role = state ? ` ${roleName(state.server.role)}` : ''
  useEffect(() => {
    document.title = `${location.host}${role} · redis-ts`
  }, [role])
  return (
    <header class="top">
      <div class="who">
        <h1>redis-ts</h1>
        <span class="note">{state && `${state.server.redisTs} · Redis ${state.server.version}`}</span>
        {session.user !== null && asked === 'open' && (
          <button type="button" class="quiet end" onClick={() => session.ask()}>
            Log out {session.user}
          </button>
        )}
      </div>
      {asked === 'open' && <Glance state={state} away={link.state !== 'up'} />}
      {link.state === 'away' && asked === 'open' && <Away since={link.since} reason={link.reason} />}
    </header>
  )
}

function Glance({ state, away }: { state: LiveState | null; away: boolean }) {
  const sample = state?.sample
  const tiles: [string, string][] = [
    ['role', state ? roleName(state.server.role) : ''],
    ['port', state ? String(state.server.port) : ''],
    ['up', state ? uptime(state.server.uptime) : ''],
    ['ops/s', sample ? short(sample.ops) : ''],
    ['memory', sample ? bytes(sample.memory) : ''],
    ['keys', state ? count(state.server.databases.reduce((sum, { keys }) => sum + keys, 0)) : ''],
    ['clients', sample ? count(sample.clients) : ''],
    ['page writes', state ? (state.server.writes ? 'on' : 'off') : ''],
  ]
  return (
    <dl class={away ? 'glance stale' : 'glance'}>
      {tiles.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value || '–'}</dd>
        </div>
      ))}
    </dl>
  )
}

/** To the minute, once there is one: nothing to watch running. */
function uptime(s: number): string {
  return seconds(s < 60 ? s : s - (s % 60))
}

function Away({ since, reason }: { since: number; reason: string }) {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  const words = reason || 'The server does not answer'
  return (
    <p class="away" role="alert">
      {words.replace(/\.$/, '')}. Asking again every second, for {seconds((now - since) / 1000)} now.
    </p>
  )
}
