import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Client } from '../../src/commands/client.js'
import type { TurnTaker } from '../../src/network/connection-host.js'
import { NO_TRANSPORT } from '../../src/network/no-transport.js'
import { TurnEnd } from '../../src/network/turn-end.js'
import { Keyspace } from '../../src/store/keyspace.js'

const [db] = new Keyspace(1).databases

const NO_LOG = { holdsReplies: false, coversAll: false }

class Taker implements TurnTaker {
  readonly client = new Client(1, NO_TRANSPORT, db, 0)
  postDue = false
  private readonly onEnd: (taker: Taker) => void

  constructor(onEnd: (taker: Taker) => void) {
    this.onEnd = onEnd
  }
  resume(): void {}
  waitForDisk(): void {}
  release(): boolean {
    this.endTurn()
    return false
  }
  endTurn(): void {
    this.postDue = false
    this.onEnd(this)
  }
}

test('replies leave before messages, whoever came first', async () => {
  const order: string[] = []
  const turnEnd = new TurnEnd(NO_LOG, () => order.push('end'))
  turnEnd.postLater(new Taker(() => order.push('message')))
  turnEnd.flushLater(new Taker(() => order.push('reply')))
  await nextTurn()
  expect(order).toEqual(['end', 'reply', 'message'])
})

test('messages to very many leave in slices, each once', async () => {
  const sent: Taker[] = []
  const turnEnd = new TurnEnd(NO_LOG, () => {})
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
  const turnEnd = new TurnEnd(NO_LOG, () => {})
  const taker = new Taker(each => sent.push(each))
  turnEnd.postLater(taker)
  turnEnd.flushLater(taker)
  await nextTurn()
  expect(sent).toEqual([taker])
})

test('while what was written is not on disk, nothing leaves; then first what the sync has covered', async () => {
  const log = { holdsReplies: true, coversAll: true }
  const sent: string[] = []
  const turnEnd = new TurnEnd(log, () => {})
  turnEnd.flushLater(new Taker(() => sent.push('reply')))
  turnEnd.postLater(new Taker(() => sent.push('message')))
  await nextTurn()
  log.coversAll = false
  turnEnd.flushLater(new Taker(() => sent.push('reply to a later write')))
  await nextTurn()
  expect(sent).toEqual([])
  turnEnd.release()
  expect(sent).toEqual(['reply', 'message'])
  turnEnd.release()
  expect(sent).toEqual(['reply', 'message', 'reply to a later write'])
})

test('replies that wait leave when nothing waits for the disk any more', async () => {
  const log = { holdsReplies: true, coversAll: false }
  const sent: string[] = []
  const turnEnd = new TurnEnd(log, () => {})
  turnEnd.flushLater(new Taker(() => sent.push('reply')))
  await nextTurn()
  log.holdsReplies = false
  turnEnd.release()
  expect(sent).toEqual(['reply'])
})
