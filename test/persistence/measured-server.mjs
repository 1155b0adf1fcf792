// A server in a process of its own that tells how long its event loop was held up (big-values.test.ts).
import { readFileSync } from 'node:fs'
import { createServer } from '../../dist/index.js'

let server = null
/** The longest turn in milliseconds: by the clock, and of that what the process has really worked. */
let longest = { clock: 0, work: 0 }

/** CPU time in milliseconds: of the main thread where the system tells, of all threads elsewhere. */
function usedMs() {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[0]) / 1e6
  } catch {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
}

function watch() {
  let before = performance.now()
  let usedBefore = usedMs()
  const look = () => {
    const clock = performance.now() - before
    const used = usedMs() - usedBefore
    longest = {
      clock: Math.max(longest.clock, clock),
      work: Math.max(longest.work, Math.min(clock, used)),
    }
    before += clock
    usedBefore += used
    setTimeout(look, 1).unref()
  }
  look()
}

const requests = {
  /** Starts a server with these options; the time that this takes counts. Returns its port. */
  async start(options) {
    // A first one has everything loaded and running.
    await (await createServer({ port: 0, save: '' })).close()
    await new Promise(resolve => setTimeout(resolve, 100))
    watch()
    server = await createServer(options)
    return server.port
  },
  /** The longest turn since the last call. */
  async longest() {
    const result = longest
    longest = { clock: 0, work: 0 }
    return result
  },
  async stop() {
    await server?.close()
  },
}

process.on('message', ({ name, argument }) => {
  requests[name](argument).then(
    value => {
      process.send({ value })
      if (name === 'stop') process.disconnect()
    },
    error => process.send({ error: String(error) }),
  )
})
