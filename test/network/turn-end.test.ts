import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Client } from '../../src/commands/client.js'
import type { TurnTaker } from '../../src/network/connection-host.js'
import { NO_TRANSPORT } from '../../src/network/no-transport.js'
import { TurnEnd } from '../../src/network/turn-end.js'
import { Keyspace } from '../../src/store/keyspace.js'

const [db] = new Keyspace(1).databases

class Taker implements TurnTaker {
  readonly client = new Client(1, NO_TRANSPORT, db, 0)
  postDue = false
  private readonly onEnd: (taker: Taker) => void

  constructor(onEnd: (taker: Taker) => void) {
    this.onEnd = onEnd
  }
  resume(): void {}
  endTurn(): void {
    this.postDue = false
    this.onEnd(this)
  }
}

test('replies leave before messages, whoever came first', async () => {
  const order: string[] = []
  const turnEnd = new TurnEnd(() => order.push('end'))
  turnEnd.postLater(new Taker(() => order.push('message')))
  turnEnd.flushLater(new Taker(() => order.push('reply')))
  await nextTurn()
  expect(order).toEqual(['end', 'reply', 'message'])
})

test('messages to very many leave in slices, each once', async () => {
  const sent: Taker[] = []
  const turnEnd = new TurnEnd(() => {})
  const takers = Array.from({ length: 200 }, () => {
    return new Taker(taker => {
      sent.push(taker)
      const until = performance.now() + 0.2
      while (performance.now() < until);
    })
  })
  for (const taker of takers) turnEnd.postLater(taker)
  for (const taker of takers) turnEnd.postLater(taker)
  await nextTurn()
  expect(sent.length).toBeGreaterThan(0)
  expect(sent.length).toBeLessThan(20)
  while (sent.length < takers.length) await nextTurn()
  await nextTurn()
  expect(sent).toEqual(takers)
})

test('one whose messages left with a reply is not called for them again', async () => {
  const sent: Taker[] = []
  const turnEnd = new TurnEnd(() => {})
  const taker = new Taker(each => sent.push(each))
  turnEnd.postLater(taker)
  turnEnd.flushLater(taker)
  await nextTurn()
  expect(sent).toEqual([taker])
})
