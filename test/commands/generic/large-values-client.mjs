/** The client of large-values-turns.test.ts, in a process of its own: what it does with large values must not be counted as the server's. */
import { connect } from 'node:net'

const [from, to] = process.argv.slice(2, 4).map(Number)
const STRING_BYTES = 300 * 1024 * 1024
const FIELDS = 100_000
const FIELD_BYTES = 1000

/** A connection that asks one thing after another; large replies come as they are read, in one Buffer. */
class Connection {
  constructor(port) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('data', chunk => this.receive(chunk))
    this.waiting = null
  }

  call(...args) {
    let text = `*${args.length}\r\n`
    for (const arg of args) {
      text += `$${arg.length}\r\n`
      if (typeof arg === 'string') text += `${arg}\r\n`
      else {
        this.socket.write(text)
        this.socket.write(arg)
        text = '\r\n'
      }
    }
    this.socket.write(text)
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject, reply: null, got: 0 }
    })
  }

  receive(chunk) {
    const { waiting } = this
    if (waiting.reply === null) {
      const head = chunk.indexOf('\r\n')
      const line = chunk.toString('latin1', 0, head)
      if (line.startsWith('-')) waiting.reject(new Error(line))
      if (!line.startsWith('$')) {
        waiting.resolve(line)
        return
      }
      waiting.reply = Buffer.allocUnsafeSlow(Number(line.slice(1)) + 2)
      chunk = chunk.subarray(head + 2)
    }
    chunk.copy(waiting.reply, waiting.got)
    waiting.got += chunk.length
    if (waiting.got === waiting.reply.length) waiting.resolve(waiting.reply.subarray(0, -2))
  }
}

/** Says what comes next, and waits for the word to begin. */
function phase(name) {
  return new Promise(resolve => {
    process.once('message', resolve)
    process.send(name)
  })
}

const source = new Connection(from)
const target = new Connection(to)
const migrate = key => source.call('MIGRATE', '127.0.0.1', String(to), key, '0', '60000', 'COPY', 'REPLACE')

const words = Buffer.from(Array.from({ length: 40_000 }, (_, i) => `${(i * 7919) % 10_007}:${i & 63}`).join())
await phase('SET of a string')
await source.call('SET', 'string', Buffer.alloc(STRING_BYTES, 'ab'))
await source.call('SETRANGE', 'string', '1000000', words)
await phase('SET of a string, in a transaction')
await target.call('MULTI')
await target.call('SET', 'string', Buffer.alloc(STRING_BYTES, 'ab'))
await target.call('EXEC')
await target.call('DEL', 'string')
await phase('DUMP of a string, compressed')
let payload = await source.call('DUMP', 'string')
await phase('RESTORE of a string, compressed')
await target.call('RESTORE', 'string', '1000000', payload)
await target.call('DEL', 'string')
await source.call('CONFIG', 'SET', 'rdbcompression', 'no')
await phase('DUMP of a string')
payload = await source.call('DUMP', 'string')
await phase('RESTORE of a string')
await target.call('RESTORE', 'string', '1000000', payload)
await phase('RESTORE of a string, in a transaction')
await target.call('MULTI')
await target.call('RESTORE', 'string', '0', payload, 'REPLACE')
await target.call('EXEC')
payload = null
await phase('MIGRATE of a string')
await migrate('string')
await source.call('DEL', 'string')
await target.call('DEL', 'string')

const value = 'v'.repeat(FIELD_BYTES)
for (let i = 0; i < FIELDS; i += 500) {
  const fields = Array.from({ length: 500 }, (_, j) => [`field ${i + j}`, value]).flat()
  await source.call('HSET', 'hash', ...fields)
}
await phase('DUMP of a hash')
payload = await source.call('DUMP', 'hash')
await phase('RESTORE of a hash')
await target.call('RESTORE', 'hash', '0', payload)
await phase('MIGRATE of a hash')
await migrate('hash')
await phase('')
process.disconnect()
source.socket.destroy()
target.socket.destroy()
