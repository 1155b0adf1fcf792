import type { ComponentChildren } from 'preact'
import { useStore } from '../parts/hooks.js'
import { bytes, clock, count, seconds } from '../parts/numbers.js'
import type { LiveState, MasterLink, ReplicaLink } from '../server/live-state.js'
import { useServer } from '../server/page-server.js'
import { place, roleName, stateName } from '../server/topology-changes.js'

/** Who follows whom: the master, this node, its replicas, and how each link is. */
export function TopologyView({ state }: { state: LiveState }) {
  const { self, master, replicas } = state.topology
  return (
    <section class="topology" aria-label="Topology">
      <div class="chain">
        {master && (
          <>
            <Node name={place(master)} kind="master" />
            <MasterLinkView master={master} />
          </>
        )}
        <Node name={place({ ...self, host: self.host || location.hostname })} kind={roleName(self.role)} own>
          <dl>
            <dt>offset</dt>
            <dd>{count(self.offset)}</dd>
            <dt>replid</dt>
            <dd title={self.replid}>{self.replid.slice(0, 8)}</dd>
          </dl>
        </Node>
        {replicas.length > 0 ? (
          <ul class="replicas" aria-label="Replicas">
            {replicas.map(replica => (
              <li key={replica.id}>
                <ReplicaLinkView replica={replica} />
                <Node name={place(replica)} kind="replica" />
              </li>
            ))}
          </ul>
        ) : (
          <p class="none">no replica</p>
        )}
      </div>
      <Changes />
    </section>
  )
}

function Node(props: { name: string; kind: string; own?: boolean; children?: ComponentChildren }) {
  return (
    <div class={props.own ? 'node own' : 'node'}>
      <div class="name">{props.name}</div>
      <div class="role">
        {props.kind}
        {props.own && ' · this node'}
      </div>
      {props.children}
    </div>
  )
}

function MasterLinkView({ master }: { master: MasterLink }) {
  const good = master.link === 'up'
  const detail =
    master.link === 'sync'
      ? `${bytes(Math.max(0, master.syncLeftBytes))} to come`
      : good
        ? `heard ${seconds(master.secondsSinceIo)} ago`
        : ''
  return <LinkView good={good} state={master.link} detail={detail} />
}

function ReplicaLinkView({ replica }: { replica: ReplicaLink }) {
  const detail = `${bytes(replica.lagBytes)} · ${seconds(replica.lagSeconds)} behind`
  return <LinkView good={replica.state === 'online'} state={stateName(replica)} detail={detail} />
}

function LinkView({ good, state, detail }: { good: boolean; state: string; detail: string }) {
  return (
    <div class={good ? 'link' : 'link bad'}>
      <span class="state">{state}</span>
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <line x1="0" y1="4" x2="100" y2="4" />
      </svg>
      <span class="detail">{detail}</span>
    </div>
  )
}

/** What has happened since the page was opened, the last first. */
function Changes() {
  const { live } = useServer()
  const changes = useStore(live.changes)
  return (
    <div class="changes">
      <h2>Changes</h2>
      {changes.length === 0 ? (
        <p class="note">None since this page was opened.</p>
      ) : (
        <ol aria-live="polite">
          {[...changes].reverse().map((change, i) => (
            <li key={changes.length - i} class={change.bad ? 'bad' : ''}>
              <time>{clock(change.time)}</time> {change.text}
            </li>
          ))}
        </ol>
      )}
    </div>
  )
}
