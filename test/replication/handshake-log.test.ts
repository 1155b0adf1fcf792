/** What a replica logs of a master that will not have it: the level and the words of stock Redis. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FakeMaster, handshake } from '../fault/fake-master.js'
import { ask } from '../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../interop/stock.js'

describe('beside stock Redis', requireStock('redis-server'), () => {
  let pair: RunningServer[]

  beforeAll(async () => {
    const options = ['--save', '', '--masterauth', 'secret']
    pair = await Promise.all([startRedisTs(options), startRedisServer(options)])
  })
  afterAll(async () => {
    await Promise.all(pair.map(server => server.stop()))
  })

  test.each([
    ['PING', '-ERR no', "# Error reply to PING from master: '-ERR no'"],
    ['AUTH', '-WRONGPASS no', '# Unable to AUTH to MASTER: -WRONGPASS no'],
    ['REPLCONF', '-ERR no', '* (Non critical) Master does not understand REPLCONF listening-port: -ERR no'],
    [
      'PSYNC',
      '-NOMASTERLINK no',
      '* Master is currently unable to PSYNC but should be in the future: -NOMASTERLINK no',
    ],
    ['PSYNC', '-LOADING no', '* Master is currently unable to PSYNC but should be in the future: -LOADING no'],
    ['PSYNC', '-NOPERM no', '# Unexpected reply to PSYNC from master: -NOPERM no'],
    ['PSYNC', '+NO', '# Unexpected reply to PSYNC from master: +NO'],
    ['PSYNC', '-ERR no', '* Master does not support PSYNC or is in error state (reply: -ERR no)'],
    ['PSYNC', '+FULLRESYNC no', '# Master replied with wrong +FULLRESYNC syntax.'],
  ])('%s answered with %s', async (name, answer, line) => {
    const introduced = handshake(() => null)
    const master = await FakeMaster.start((words, socket) => {
      if (words[0] === name && words[1] !== 'ACK') return `${answer}\r\n`
      return words[0] === 'AUTH' ? '+OK\r\n' : introduced(words, socket)
    })
    const logged = pair.map(server => server.waitForLog(line, 10_000, server.log().length))
    await Promise.all(pair.map(({ port }) => ask(port, 'REPLICAOF', '127.0.0.1', String(master.port))))
    for (const each of await Promise.all(logged)) expect(each).toContain(line)
    await Promise.all(pair.map(({ port }) => ask(port, 'REPLICAOF', 'NO', 'ONE')))
    await master.close()
  })
})
