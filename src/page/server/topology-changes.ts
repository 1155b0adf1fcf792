import type { LiveState, ReplicaLink } from './live-state.js'

/** Something that has happened to this node, its master or a replica, in words. */
export interface Change {
  time: number
  text: string
  /** That something was lost, to be looked at. */
  bad: boolean
}

/** What has changed from one second to the next. Nothing before the first. */
export function changesBetween(before: LiveState | null, after: LiveState): Change[] {
  if (before === null) return []
  const changes: Change[] = []
  const say = (text: string, bad = false) => changes.push({ time: after.time, text, bad })

  if (before.server.runId !== after.server.runId) say('this server was started again')
  const [roleBefore, role] = [before.topology.self.role, after.topology.self.role].map(roleName)
  if (roleBefore !== role) say(`this node is a ${role} now, no longer a ${roleBefore}`)

  const [masterBefore, master] = [before.topology.master, after.topology.master]
  if (master !== null) {
    const moved = masterBefore === null || place(masterBefore) !== place(master)
    if (moved) say(`follows ${place(master)}, link ${master.link}`, master.link !== 'up')
    else if (masterBefore.link !== master.link) say(`link to ${place(master)}: ${master.link}`, master.link === 'down')
  }

  const known = new Map(before.topology.replicas.map(replica => [replica.id, replica]))
  for (const replica of after.topology.replicas) {
    const earlier = known.get(replica.id)
    known.delete(replica.id)
    if (earlier === undefined) say(`replica ${place(replica)} has come: ${stateName(replica)}`)
    else if (earlier.state !== replica.state) say(`replica ${place(replica)}: ${stateName(replica)}`)
  }
  for (const replica of known.values()) say(`replica ${place(replica)} has gone`, true)
  return changes
}

export function place({ host, port }: { host: string; port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** redis-ts says replica wherever a client does not match on the old word. */
export function roleName(role: string): string {
  return role === 'slave' ? 'replica' : role
}

const STATE_NAMES: Readonly<Record<string, string>> = {
  wait_bgsave: 'waits for a snapshot',
  send_bulk: 'is sent a snapshot',
  online: 'online',
}

export function stateName({ state }: Pick<ReplicaLink, 'state'>): string {
  return STATE_NAMES[state] ?? state
}
