import { useStore } from '../parts/hooks.js'
import { useServer } from '../server/page-server.js'
import { Plot } from './plot.js'
import { PLOTS } from './series.js'

/** The last ten minutes in figures. */
export function Plots() {
  const { live } = useServer()
  const samples = useStore(live.samples)
  return (
    <section class="plots" aria-label="Last ten minutes">
      {PLOTS.map(spec => (
        <Plot key={spec.title} spec={spec} samples={samples} />
      ))}
    </section>
  )
}
