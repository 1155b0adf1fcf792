/** Ends of waits: what a blocked client is told, and how it goes on. */
import { countErrorCode } from '../observe/error-codes.js'
import type { Client } from './client.js'
import type { ServerApi } from './server-api.js'

/** The client has waited long enough: sends the reply to its command and goes on with what it has sent since. */
export function replyAndGoOn(server: ServerApi, client: Client, reply: Buffer): void {
  client.blocked = null
  client.transport.send(reply)
  server.afterTurn(() => client.transport.resume())
}

/** Ends the client's wait with an error, its code in front. */
export function unblockWithError(server: ServerApi, client: Client, error: string): void {
  const { stats } = server
  client.blocked?.cancel()
  stats.errorReplies++
  countErrorCode(stats.errors, error)
  if (client.lastCommand !== null) client.lastCommand.failedCalls++
  replyAndGoOn(server, client, Buffer.from(`-${error}\r\n`, 'latin1'))
}
