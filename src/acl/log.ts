/** The security log: what was denied to whom (ACL LOG). Source of behaviour: addACLLogEntry in Redis's acl.c. */

export type DenialReason = 'command' | 'key' | 'channel' | 'auth'
/** Where a command came from. */
export type DenialContext = 'toplevel' | 'multi' | 'lua'

export interface DenialEvent {
  readonly reason: DenialReason
  readonly context: DenialContext
  /** The key, channel or command's name. */
  readonly object: string
  readonly username: string
  /** The client, as CLIENT LIST describes it. */
  readonly clientInfo: string
}

export interface LogEntry extends DenialEvent {
  readonly id: number
  readonly createdMs: number
  updatedMs: number
  clientInfo: string
  count: number
}

/** Equal events are counted in one entry when they are not further apart, and it is among the latest. */
const GROUPING_MS = 60_000
const GROUPING_ENTRIES = 10

export class AclLog {
  /** Latest first. */
  readonly entries: LogEntry[] = []
  /** Denials since the start, by reason (INFO acl_access_denied_*). */
  readonly denials: { [reason in DenialReason]: number } = { command: 0, key: 0, channel: 0, auth: 0 }
  private nextId = 0

  /** Records a denial; beyond `maxEntries` the oldest entries go. */
  add(event: DenialEvent, nowMs: number, maxEntries: number): void {
    this.denials[event.reason]++
    const { entries } = this
    const at = entries.findIndex((entry, i) => i < GROUPING_ENTRIES && isAnother(entry, event, nowMs))
    if (at >= 0) {
      const [entry] = entries.splice(at, 1)
      entry.count++
      entry.updatedMs = nowMs
      entry.clientInfo = event.clientInfo
      entries.unshift(entry)
      return
    }
    entries.unshift({ ...event, id: this.nextId++, createdMs: nowMs, updatedMs: nowMs, count: 1 })
    if (entries.length > maxEntries) entries.length = maxEntries
  }

  clear(): void {
    this.entries.length = 0
  }
}

function isAnother(entry: LogEntry, event: DenialEvent, nowMs: number): boolean {
  return (
    entry.reason === event.reason &&
    entry.context === event.context &&
    Math.abs(nowMs - entry.updatedMs) <= GROUPING_MS &&
    entry.object === event.object &&
    entry.username === event.username
  )
}
