import { useState } from 'preact/hooks'
import { words } from './parts/hooks.js'
import { ErrorText } from './parts/text.js'
import { useServer } from './server/page-server.js'

/** Asks for the password that the server wants. */
export function Login() {
  const { api, session } = useServer()
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)

  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    setBusy(true)
    try {
      if (await api.accepts({ user, password })) return session.open({ user, password })
      setError('The server knows no such user, or the password is wrong.')
    } catch (error) {
      setError(words(error))
    }
    setBusy(false)
  }
  return (
    <main class="login">
      <form aria-label="Log in" onSubmit={submit}>
        <h2>This server asks for a password</h2>
        <label>
          User
          <input
            autocomplete="username"
            placeholder="default"
            value={user}
            onInput={event => setUser(event.currentTarget.value)}
          />
        </label>
        <label>
          Password
          <input
            type="password"
            autocomplete="current-password"
            value={password}
            onInput={event => setPassword(event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={busy}>
          Log in
        </button>
        <ErrorText>{error}</ErrorText>
        <p class="note">It is kept in this tab until the tab is closed.</p>
      </form>
    </main>
  )
}
