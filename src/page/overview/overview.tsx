import { useStore } from '../parts/hooks.js'
import { useServer } from '../server/page-server.js'
import { Plots } from './plots.js'
import { TopologyView } from './topology.js'

/** Who replicates to whom, and how the last ten minutes were. */
export function Overview() {
  const { live } = useServer()
  const state = useStore(live.state)
  return (
    <>
      {state ? <TopologyView state={state} /> : <section class="topology" aria-label="Topology" />}
      <Plots />
    </>
  )
}
