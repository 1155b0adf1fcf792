// Resident memory per key (12-byte keys, 8-byte values), and the slowest ping while keys are filled in.
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, fill, startPinging } from './client.mjs'
import { printFigures } from './report.mjs'
import { residentBytes, startServer } from './server.mjs'

export async function measureMemory(servers, { quick }) {
  const weighed = quick ? 200_000 : 1_000_000
  const filled = 5 * weighed
  const results = []
  for (const { command } of servers) results.push(await measureOne(command, weighed, filled))
  const figure = (name, unit, key, digits) => ({ name, unit, digits, values: results.map(result => result[key]) })
  printFigures('Memory and filling', servers, [
    figure(`resident per key at ${weighed} keys`, 'B', 'bytesPerKey', 0),
    figure(`resident per key at ${filled} keys`, 'B', 'bytesPerKeyFull', 0),
    figure(`ping p99 while filling in ${filled} keys`, 'ms', 'p99', 2),
    figure(`ping max while filling in ${filled} keys`, 'ms', 'max', 2),
    figure('the pinging process itself, late at most', 'ms', 'late', 2),
    figure(`filling in ${filled} keys`, 's', 'seconds', 1),
  ])
}

async function measureOne(command, weighed, filled) {
  const server = await startServer(command)
  try {
    const client = await connect(server.port)
    await client.send('PING\r\n', 7)
    await sleep(300)
    const empty = residentBytes(server)
    const perKey = async keys => {
      // Resident memory is read when the server has had time for what it puts off.
      await sleep(1000)
      return (residentBytes(server) - empty) / keys
    }
    const pings = await startPinging(server.port)
    const begun = performance.now()
    await fill(client, 0, weighed, 8)
    const half = performance.now() - begun
    const bytesPerKey = await perKey(weighed)
    const resumed = performance.now()
    await fill(client, weighed, filled, 8)
    const seconds = (half + performance.now() - resumed) / 1000
    const { p99, max, late } = await pings.stop()
    const bytesPerKeyFull = await perKey(filled)
    client.close()
    return { bytesPerKey, bytesPerKeyFull, p99, max, late, seconds }
  } finally {
    await server.stop()
  }
}
