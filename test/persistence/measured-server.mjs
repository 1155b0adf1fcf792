// A server in a process of its own that tells how long its event loop was held up (big-values.test.ts).
import { createServer } from '../../dist/index.js'

let server = null
/** The longest turn in milliseconds: by the clock, and of that what the process has really worked, in all of its threads. */
let longest = { clock: 0, work: 0 }

function watch() {
  let before = performance.now()
  let used = process.cpuUsage()
  const look = () => {
    const clock = performance.now() - before
    const { user, system } = process.cpuUsage(used)
    longest = {
      clock: Math.max(longest.clock, clock),
      work: Math.max(longest.work, Math.min(clock, (user + system) / 1000)),
    }
    before += clock
    used = process.cpuUsage()
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
