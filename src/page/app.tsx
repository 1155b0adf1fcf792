import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Console } from './console/console.js'
import { Header } from './header.js'
import { Keys } from './keys/keys.js'
import { Login } from './login.js'
import { Clients } from './observe/clients.js'
import { Latency } from './observe/latency.js'
import { Log } from './observe/log.js'
import { SlowLog } from './observe/slow-log.js'
import { Overview } from './overview/overview.js'
import { useStore } from './parts/hooks.js'
import { type PageServer, ServerContext } from './server/page-server.js'

const VIEWS = [
  ['overview', 'Overview'],
  ['keys', 'Keys'],
  ['console', 'Console'],
  ['clients', 'Clients'],
  ['slow-log', 'Slow log'],
  ['latency', 'Latency'],
  ['log', 'Log'],
] as const
type View = (typeof VIEWS)[number][0]

/** The page: who the server is, and one of the views on it. */
export function App({ server }: { server: PageServer }) {
  const session = useStore(server.session.state)
  const view = useView()
  return (
    <ServerContext.Provider value={server}>
      <Header />
      {session === 'asked' ? (
        <Login />
      ) : (
        <>
          <nav class="views" aria-label="Views">
            {VIEWS.map(([name, title]) => (
              <a key={name} href={`#${name}`} aria-current={name === view ? 'page' : undefined}>
                {title}
              </a>
            ))}
          </nav>
          <main class={`view-${view}`}>
            {view === 'overview' && <Overview />}
            <Kept shown={view === 'keys'}>{() => <Keys />}</Kept>
            <Kept shown={view === 'console'}>{shown => <Console hidden={!shown} />}</Kept>
            {view === 'clients' && <Clients />}
            {view === 'slow-log' && <SlowLog />}
            {view === 'latency' && <Latency />}
            {view === 'log' && <Log />}
          </main>
        </>
      )}
    </ServerContext.Provider>
  )
}

/** A view that begins when it is first looked at, and stays as it is while another is shown. */
function Kept({ shown, children }: { shown: boolean; children(shown: boolean): ComponentChildren }) {
  const [begun, setBegun] = useState(shown)
  if (shown && !begun) setBegun(true)
  return begun || shown ? (
    <div class="kept" hidden={!shown}>
      {children(shown)}
    </div>
  ) : null
}

/** The view that the address names behind `#`. */
function useView(): View {
  const [view, setView] = useState(named)
  useEffect(() => {
    const read = () => setView(named())
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
  return view
}

function named(): View {
  const name = location.hash.slice(1)
  return VIEWS.find(([known]) => known === name)?.[0] ?? 'overview'
}
