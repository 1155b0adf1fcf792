import { utf8 } from './bytes.js'
import { Store } from './store.js'

export interface Credentials {
  user: string
  password: string
}

const PLACE = 'redis-ts credentials'

/** Who asks. The password stays in this tab: sessionStorage, and nowhere else. */
export class Session {
  /** `asked`: the server wants a password, and has none or not the right one from us. */
  readonly state = new Store<'open' | 'asked'>('open')
  #credentials: Credentials | null = stored()

  get user(): string | null {
    return this.#credentials === null ? null : this.#credentials.user || 'default'
  }

  /** The headers that say who asks. */
  headers(credentials = this.#credentials): Record<string, string> {
    if (credentials === null) return {}
    return { authorization: `Basic ${btoa(utf8(`${credentials.user}:${credentials.password}`))}` }
  }

  open(credentials: Credentials): void {
    this.#credentials = credentials
    sessionStorage.setItem(PLACE, JSON.stringify(credentials))
    this.state.set('open')
  }

  /** The server has refused us. */
  ask(): void {
    this.forget()
    this.state.set('asked')
  }

  forget(): void {
    this.#credentials = null
    sessionStorage.removeItem(PLACE)
  }
}

function stored(): Credentials | null {
  const text = sessionStorage.getItem(PLACE)
  return text === null ? null : (JSON.parse(text) as Credentials)
}
