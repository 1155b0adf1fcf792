// The bench's own connection: it counts reply bytes instead of parsing replies, so that it is never what is measured.
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const PING_EVERY_MS = 5
const FILL_BATCH = 500

export async function connect(port) {
  const socket = net.connect(port, '127.0.0.1')
  socket.setNoDelay()
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const until = (data, done) =>
    new Promise((resolve, reject) => {
      const chunks = []
      let length = 0
      const settle = () => {
        socket.off('data', take)
        socket.off('close', fail)
      }
      const fail = () => {
        settle()
        reject(new Error('the server closed the connection'))
      }
      const take = chunk => {
        chunks.push(chunk)
        length += chunk.length
        if (!done(length, chunks)) return
        settle()
        resolve(Buffer.concat(chunks).toString('latin1'))
      }
      // Closed since the last request: no event would tell.
      if (socket.destroyed) return fail()
      socket.on('data', take)
      socket.on('close', fail)
      socket.write(data)
    })
  return {
    /** Sends `data`; resolves when `replyBytes` bytes have come back. */
    send: (data, replyBytes) => until(data, length => length >= replyBytes),
    /** Sends one inline command; gives the text of its reply, a simple string or a bulk string. */
    async ask(line) {
      const reply = await until(`${line}\r\n`, (length, chunks) => {
        const text = Buffer.concat(chunks).toString('latin1')
        if (text[0] !== '$') return text.endsWith('\r\n')
        const head = text.indexOf('\r\n')
        return head > 0 && length >= head + 2 + Number(text.slice(1, head)) + 2
      })
      if (reply[0] === '-') throw new Error(`${line}: ${reply.trim()}`)
      return reply[0] === '$' ? reply.slice(reply.indexOf('\r\n') + 2, -2) : reply.slice(1, -2)
    },
    close: () => socket.destroy(),
  }
}

/**
 * Pings every 5 ms on a connection of its own until stop(), which gives the round trips { p99, max } and `late`, by how much this
 * process itself woke up too late at worst: a maximum not above it is the machine's and not the server's. Milliseconds.
 */
export async function startPinging(port) {
  const client = await connect(port)
  const times = []
  let late = 0
  let stopped = false
  const loop = (async () => {
    while (!stopped) {
      const begun = performance.now()
      await client.send('PING\r\n', 7)
      const answered = performance.now()
      times.push(answered - begun)
      await sleep(PING_EVERY_MS)
      late = Math.max(late, performance.now() - answered - PING_EVERY_MS)
    }
  })()
  return {
    async stop() {
      stopped = true
      await loop
      client.close()
      times.sort((a, b) => a - b)
      const at = share => times[Math.min(times.length - 1, Math.floor(times.length * share))]
      return { p99: at(0.99), max: at(1), late }
    },
  }
}

/** SETs key:<digits> to an 8-byte value for every number from `from` to `to` - 1, pipelined. */
export async function fill(client, from, to, digits) {
  for (let first = from; first < to; first += FILL_BATCH) {
    const count = Math.min(FILL_BATCH, to - first)
    let batch = ''
    for (let n = first; n < first + count; n++) {
      batch += `*3\r\n$3\r\nSET\r\n$${digits + 4}\r\nkey:${String(n).padStart(digits, '0')}\r\n$8\r\n${String(n).padStart(8, 'x')}\r\n`
    }
    await client.send(batch, 5 * count)
  }
}

/** One field of INFO, as text; undefined when that section lacks it. */
export async function infoField(client, section, field) {
  return new RegExp(`^${field}:(\\S*)`, 'm').exec(await client.ask(`INFO ${section}`))?.[1]
}
