/** What the log says of a file that is loaded. */
import { expect, test } from 'vitest'
import { askText } from '../interop/polling.js'
import { requireStock, startRedisServer, startRedisTs } from '../interop/stock.js'

const ORIGIN = ['Loading RDB produced by version', 'RDB age', 'RDB memory usage when created', 'Done loading RDB']

test(
  'who made it, when, and how much memory that took, as redis-server does',
  requireStock('redis-server'),
  async () => {
    const stock = await startRedisServer(['--save', '3600', '1'])
    await askText(stock.port, 'SET', 'key', 'value')
    await stock.stop()
    // Both read the same file.
    const servers = await Promise.all([startRedisTs, startRedisServer].map(start => start([], { dir: stock.dir })))
    const told = servers.map(server =>
      server
        .log()
        .split('\n')
        .filter(line => ORIGIN.some(words => line.includes(words)))
        // The process, the time, and what has changed from one second to the next.
        .map(line => line.replace(/^.* \* /, '').replace(/age \d+/, 'age N')),
    )
    expect(told[0]).toEqual(told[1])
    expect(told[0]).toHaveLength(ORIGIN.length)
    for (const server of servers) await server.stop()
  },
)
