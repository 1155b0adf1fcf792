/** Bytes that clients sent and were sent: those of the connections there are, and of those that have ended. */
import type { ServerApi } from '../commands/server-api.js'

export interface Traffic {
  readonly bytesIn: number
  readonly bytesOut: number
}

/** O(clients). */
export function clientTraffic({ clients, stats }: ServerApi): Traffic {
  let { bytesIn, bytesOut } = stats
  for (const client of clients.values()) {
    bytesIn += client.bytesIn
    bytesOut += client.bytesOut
  }
  return { bytesIn, bytesOut }
}
