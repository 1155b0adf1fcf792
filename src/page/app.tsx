import type { ComponentChildren } from 'preact'
import { useEffect, useErrorBoundary, useRef, useState } from 'preact/hooks'
import { Console } from './console/console.js'
import { Header } from './header.js'
import { Keys } from './keys/keys.js'
import { Login } from './login.js'
import { Clients } from './observe/clients.js'
import { Latency } from './observe/latency.js'
import { Log } from './observe/log.js'
import { SlowLog } from './observe/slow-log.js'
import { Overview } from './overview/overview.js'
import { useStore, words } from './parts/hooks.js'
import { ErrorText } from './parts/text.js'
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
          <ViewLinks view={view} />
          <main class={`view-${view}`}>
            <Kept shown={view === 'keys'}>
              <Guarded>
                <Keys />
              </Guarded>
            </Kept>
            <Kept shown={view === 'console'}>
              <Guarded>
                <Console hidden={view !== 'console'} />
              </Guarded>
            </Kept>
            <Guarded key={view}>
              {view === 'overview' && <Overview />}
              {view === 'clients' && <Clients />}
              {view === 'slow-log' && <SlowLog />}
              {view === 'latency' && <Latency />}
              {view === 'log' && <Log />}
            </Guarded>
          </main>
        </>
      )}
    </ServerContext.Provider>
  )
}

function ViewLinks({ view }: { view: View }) {
  const nav = useRef<HTMLElement>(null)
  useEffect(() => {
    nav.current!.querySelector('[aria-current]')!.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [view])
  return (
    <nav class="views" aria-label="Views" ref={nav}>
      {VIEWS.map(([name, title]) => (
        <a key={name} href={`#${name}`} aria-current={name === view ? 'page' : undefined}>
          {title}
        </a>
      ))}
    </nav>
  )
}

/** A view that fails says why, and leaves the others alone. */
function Guarded({ children }: { children: ComponentChildren }) {
  const [error, again] = useErrorBoundary()
  if (!error) return <>{children}</>
  return (
    <section class="fill">
      <ErrorText>This view has failed: {words(error)}</ErrorText>
      <div class="bar">
        <button type="button" onClick={again}>
          Try again
        </button>
      </div>
    </section>
  )
}

/** A view that begins when it is first looked at, and stays as it is while another is shown. */
function Kept({ shown, children }: { shown: boolean; children: ComponentChildren }) {
  const [begun, setBegun] = useState(shown)
  if (shown && !begun) setBegun(true)
  return begun || shown ? (
    <div class="kept" hidden={!shown}>
      {children}
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
