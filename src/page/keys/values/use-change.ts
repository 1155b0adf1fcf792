import { useState } from 'preact/hooks'
import { words } from '../../parts/hooks.js'
import { useServer } from '../../server/page-server.js'

/** Runs a command that changes something, says why it could not, and that something has changed. */
export function useChange(db: number, onChange: () => void) {
  const { api } = useServer()
  const [error, setError] = useState<string | null>(null)
  const run = async (...command: (string | number)[]) => {
    try {
      await api.reply(db, ...command)
      setError(null)
      onChange()
    } catch (error) {
      setError(words(error))
    }
  }
  return { error, run }
}
