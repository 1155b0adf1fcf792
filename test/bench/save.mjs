// BGSAVE (three times; medians) while redis-benchmark overwrites the same keys, and the time to load the file.
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, fill, infoField, startPinging } from './client.mjs'
import { startLoad } from './load.mjs'
import { median, printFigures } from './report.mjs'
import { startServer } from './server.mjs'

/** redis-benchmark writes its random numbers with 12 digits. */
const KEY_DIGITS = 12
const POLL_EVERY_MS = 10

export async function measureSave(servers, { quick }) {
  const keys = quick ? 200_000 : 1_000_000
  const results = []
  for (const { command } of servers) results.push(await measureOne(command, keys, quick))
  const figure = (name, unit, key, digits) => ({ name, unit, digits, values: results.map(result => result[key]) })
  printFigures(`Saving and loading ${keys} keys`, servers, [
    figure('BGSAVE under load', 's', 'saveSeconds', 2),
    figure('ping p99 under load, before the save', 'ms', 'p99Before', 2),
    figure('ping max under load, before the save', 'ms', 'maxBefore', 2),
    figure('ping p99 during the save', 'ms', 'p99', 2),
    figure('ping max during the save', 'ms', 'max', 2),
    figure('the pinging process itself, late at most', 'ms', 'late', 2),
    figure('file', 'MB', 'megabytes', 1),
    figure('loading it', 's', 'loadSeconds', 2),
  ])
}

async function measureOne(command, keys, quick) {
  let server = await startServer(command)
  try {
    const client = await connect(server.port)
    await fill(client, 0, keys, KEY_DIGITS)
    const load = startLoad(server.port, keys)
    await sleep(500)
    const before = await startPinging(server.port)
    await sleep(quick ? 1000 : 3000)
    const { p99: p99Before, max: maxBefore } = await before.stop()

    const saves = []
    for (let i = 0; i < (quick ? 1 : 3); i++) saves.push(await saveOnce(client, server))
    await load.stop()
    client.close()
    const megabytes = fs.statSync(path.join(server.dir, 'dump.rdb')).size / 1e6

    const loads = []
    for (let i = 0; i < (quick ? 1 : 3); i++) {
      await server.stop({ keep: true })
      server = await startServer(command, { dir: server.dir })
      loads.push(loadSecondsOf(server))
    }
    const of = key => median(saves.map(save => save[key]))
    const during = { saveSeconds: of('seconds'), p99: of('p99'), max: of('max'), late: of('late') }
    return { p99Before, maxBefore, ...during, megabytes, loadSeconds: median(loads) }
  } finally {
    await server.stop()
  }
}

async function saveOnce(client, server) {
  const pings = await startPinging(server.port)
  const begun = performance.now()
  await client.ask('BGSAVE')
  do await sleep(POLL_EVERY_MS)
  while ((await infoField(client, 'persistence', 'rdb_bgsave_in_progress')) !== '0')
  const seconds = (performance.now() - begun) / 1000
  const times = await pings.stop()
  const status = await infoField(client, 'persistence', 'rdb_last_bgsave_status')
  if (status !== 'ok') throw new Error(`${server.command}: the save ended with status ${status}`)
  return { seconds, ...times }
}

/** What the server's own log says, since its start-up is measured apart. */
function loadSecondsOf(server) {
  const logged = /DB loaded from disk: ([\d.]+) seconds/.exec(server.log())
  if (!logged) throw new Error(`${server.command} did not log that it loaded its file:\n${server.log()}`)
  return Number(logged[1])
}
