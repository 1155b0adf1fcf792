// From the start of the process to "Ready to accept connections", without a file to load, and what Node itself takes of that.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { median, printFigures } from './report.mjs'
import { residentBytes, startServer } from './server.mjs'

export async function measureStart(servers, { quick }) {
  const rounds = quick ? 3 : 11
  const times = servers.map(() => [])
  const resident = []
  const empty = []
  for (let round = 0; round < rounds; round++) {
    empty.push(await emptyProgramMs())
    for (const [i, { command }] of servers.entries()) {
      const server = await startServer(command)
      times[i].push(server.readyMs)
      resident[i] = residentBytes(server) / 2 ** 20
      await server.stop()
    }
  }
  printFigures('Start', servers, [
    { name: `start to ready, median of ${rounds}`, unit: 'ms', digits: 0, values: times.map(median) },
    {
      name: 'the same by an empty Node program',
      unit: 'x',
      digits: 2,
      values: times.map(list => median(list) / median(empty)),
    },
    { name: 'start to ready, slowest', unit: 'ms', digits: 0, values: times.map(list => Math.max(...list)) },
    { name: 'resident when empty', unit: 'MiB', digits: 0, values: resident },
  ])
}

async function emptyProgramMs() {
  const begun = performance.now()
  await once(spawn(process.execPath, ['-e', ''], { stdio: 'ignore' }), 'exit')
  return performance.now() - begun
}
