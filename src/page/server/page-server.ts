import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { Api } from './api.js'
import { Live } from './live.js'
import { Session } from './session.js'

/** The server that this page is of. */
export class PageServer {
  readonly session = new Session()
  readonly api = new Api(this.session)
  readonly live = new Live(this.session)
}

export const ServerContext = createContext<PageServer | null>(null)

export function useServer(): PageServer {
  return useContext(ServerContext)!
}
