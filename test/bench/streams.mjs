// Consumer groups: XREADGROUP of new entries, then XACK of what came, by fifty consumers, with and without pipelining.
import net from 'node:net'
import { connect } from './client.mjs'
import { median, printTable } from './report.mjs'
import { cpuMicroseconds, startServer } from './server.mjs'

const ENTRIES = 100_000
const CONSUMERS = 50

/** How fast `server` delivers and acknowledges all entries of a stream, `pipeline` requests at a time; and its CPU time for each. */
async function runOnce(server, pipeline) {
  const client = await connect(server.port)
  await client.ask('FLUSHALL')
  for (let first = 1; first <= ENTRIES; first += 500) {
    const lines = Array.from({ length: 500 }, (_, i) => `XADD stream ${first + i}-1 sensor ${i} temperature 20.5\r\n`)
    await client.send(lines.join(''), 500 * 9)
  }
  await client.ask('XGROUP CREATE stream group 0')
  client.close()
  const before = cpuMicroseconds(server)
  const begun = performance.now()
  const counts = await Promise.all(Array.from({ length: CONSUMERS }, (_, i) => consume(server.port, `c${i}`, pipeline)))
  const seconds = (performance.now() - begun) / 1000
  const done = counts.reduce((sum, count) => sum + count, 0)
  if (done !== ENTRIES) throw new Error(`${done} of ${ENTRIES} entries were delivered`)
  return { rate: ENTRIES / seconds, cpu: (cpuMicroseconds(server) - before) / ENTRIES }
}

const request = (...args) => `*${args.length}\r\n${args.map(arg => `$${arg.length}\r\n${arg}\r\n`).join('')}`

/** Reads and acknowledges entries until there are none; resolves with their number. */
function consume(port, name, pipeline) {
  const read = request('XREADGROUP', 'GROUP', 'group', name, 'COUNT', '1', 'STREAMS', 'stream', '>').repeat(pipeline)
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(read))
    socket.setNoDelay()
    let text = ''
    let count = 0
    let awaited = pipeline
    let reading = true
    socket.on('error', reject)
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      if (!reading) {
        if (text.split('\r\n').length <= awaited) return
        reading = true
        text = ''
        socket.write(read)
        return
      }
      const ids = text.match(/\d+-1(?=\r\n)/g) ?? []
      const empty = text.match(/\*-1\r\n/g)?.length ?? 0
      if (ids.length + empty < pipeline || !/(\*-1|20\.5)\r\n$/.test(text)) return
      if (ids.length === 0) {
        socket.destroy()
        resolve(count)
        return
      }
      count += ids.length
      awaited = ids.length
      reading = false
      text = ''
      socket.write(ids.map(id => request('XACK', 'stream', 'group', id)).join(''))
    })
  })
}

export async function measureStreams(servers, { quick }) {
  const rounds = quick ? 1 : 5
  const started = []
  try {
    for (const { command } of servers) started.push(await startServer(command))
    const rows = []
    for (const pipeline of [1, 16]) {
      const pairs = []
      for (let round = 0; round < rounds; round++) {
        const pair = []
        for (const turn of round % 2 === 0 ? [0, 1] : [1, 0]) pair[turn] = await runOnce(started[turn], pipeline)
        pairs.push(pair)
      }
      const of = figure => median(pairs.map(([a, b]) => figure(a) / figure(b))).toFixed(2)
      rows.push(['XREADGROUP and XACK', pipeline, of(({ rate }) => rate), of(({ cpu }) => cpu)])
    }
    console.log(`Streams: ${ENTRIES} entries, ${CONSUMERS} consumers of a group, median of ${rounds} rounds\n`)
    printTable(['', 'pipeline', 'throughput, ratio', 'CPU per entry, ratio'], rows)
  } finally {
    for (const server of started) await server.stop()
  }
}
