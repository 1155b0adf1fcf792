#!/usr/bin/env node
// What idle connections cost: how much resident memory a server gains with 10,000 of them open, without a request and after one
// PING each, and what is left of that when all are closed again.
//
//   node test/bench/idle.mjs [--connections 10000] [--a CMD] [--b CMD]     (or: npm run bench -- --only idle)
import { once } from 'node:events'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { connect } from './client.mjs'
import { printFigures } from './report.mjs'
import { residentBytes, startServer } from './server.mjs'

/** Connections under way at a time: below the backlog of both servers. */
const BATCH = 100
/** redis-server shrinks the buffers of a client that has been idle for some seconds. */
const SETTLE_MS = 4000

export async function measureIdle(servers, { quick, connections = quick ? 2000 : 10_000 }) {
  const results = []
  for (const { command } of servers) results.push(await measureOne(command, connections))
  const figure = (name, key) => ({ name, unit: 'B', digits: 0, values: results.map(result => result[key]) })
  printFigures(`${connections} idle connections`, servers, [
    figure('resident a connection, just opened', 'opened'),
    figure(`the same ${SETTLE_MS / 1000} s later`, 'settled'),
    figure('after one PING each', 'pinged'),
    figure(`the same ${SETTLE_MS / 1000} s later`, 'pingedSettled'),
    figure('left when all are closed', 'closed'),
  ])
}

async function measureOne(command, connections) {
  const server = await startServer(`${command} --maxclients ${connections + 100}`)
  const sockets = []
  try {
    const client = await connect(server.port)
    await client.send('PING\r\n', 7)
    await sleep(1000)
    const empty = residentBytes(server)
    const bytesEach = () => (residentBytes(server) - empty) / connections
    while (sockets.length < connections) {
      const batch = Array.from({ length: Math.min(BATCH, connections - sockets.length) }, () =>
        net.connect(server.port, '127.0.0.1'),
      )
      await Promise.all(batch.map(socket => once(socket, 'connect')))
      sockets.push(...batch)
    }
    await client.send('PING\r\n', 7)
    const opened = bytesEach()
    await sleep(SETTLE_MS)
    const settled = bytesEach()
    for (let i = 0; i < sockets.length; i += BATCH) {
      await Promise.all(
        sockets.slice(i, i + BATCH).map(socket => {
          socket.write('PING\r\n')
          return once(socket, 'data')
        }),
      )
    }
    const pinged = bytesEach()
    await sleep(SETTLE_MS)
    const pingedSettled = bytesEach()
    for (const socket of sockets) socket.destroy()
    await sleep(SETTLE_MS)
    client.close()
    return { opened, settled, pinged, pingedSettled, closed: bytesEach() }
  } finally {
    await server.stop()
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values: options } = parseArgs({
    options: {
      connections: { type: 'string', default: '10000' },
      a: { type: 'string', default: path.join(import.meta.dirname, '..', '..', 'bin', 'redis-ts') },
      b: { type: 'string', default: 'redis-server' },
    },
  })
  const servers = [options.a, options.b].map(command => ({ command, name: path.basename(command.split(' ')[0]) }))
  await measureIdle(servers, { quick: false, connections: Number(options.connections) })
}
