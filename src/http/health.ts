/** Whether the server does what it is there for, for those who send it traffic: /health. */
import type { ServerApi } from '../commands/server-api.js'
import { diskRefusal, isStale } from '../commands/write-conditions.js'
import { roleOf } from './state.js'

/** 'ok', or why most commands are refused. */
export type Health = 'ok' | 'loading' | 'master-link-down' | 'misconf' | 'busy' | 'shutting-down'

export function healthOf(server: ServerApi): { readonly status: Health; readonly role?: string } {
  const status = statusOf(server)
  return status === 'ok' ? { status, role: roleOf(server) } : { status }
}

function statusOf(server: ServerApi): Health {
  const { keyspace, scripts, shutdownLeftMs } = server
  if (shutdownLeftMs !== null) return 'shutting-down'
  if (keyspace.loading) return 'loading'
  if (isStale(server)) return 'master-link-down'
  if (diskRefusal(server, null) !== null) return 'misconf'
  if (scripts.busy) return 'busy'
  return 'ok'
}
