/** What is pending with a group in order of time: made bit by bit, while entries come, go and are delivered again. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Keyspace } from '../../../src/store/keyspace.js'
import { TreeCursor } from '../../../src/store/ordered-tree/cursor.js'
import { type Consumer, ConsumerGroup } from '../../../src/types/stream/consumer-group.js'
import { deliveryTime, readPendingId, seekPending } from '../../../src/types/stream/pending.js'
import { StreamId } from '../../../src/types/stream/stream-id.js'

const ENTRIES = 400
const NOW_MS = 1_700_000_000_000
/** A slice that is over when it has begun. */
const LEAST = 0

const steps = fc.array(
  fc.record({
    what: fc.constantFrom('give', 'give', 'again', 'remove', 'range', 'leave', 'make', 'make', 'move'),
    id: fc.nat(ENTRIES + 50),
    timeMs: fc.nat(20),
  }),
  { maxLength: 120, size: 'max' },
)

function idOf(number: number): StreamId {
  return new StreamId().setHalves(0, number, 0, 1)
}

test('it is in order at any time, as far as it has come', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 1000 }), (drawn, factor) => {
      const { entries } = new Keyspace(1).databases[0]
      const group = new ConsumerGroup(entries, Buffer.from('g'), new StreamId(), 0)
      const consumers = ['a', 'b', 'c'].map(name => group.addConsumer(name, NOW_MS))
      const times = new Map<number, number>()
      const give = (number: number, timeMs: number): void => {
        const consumer = consumers[(number + timeMs) % consumers.length]
        if (times.has(number)) group.assign(idOf(number), consumer, timeMs, 1)
        else group.add(idOf(number), consumer, timeMs, 1)
        times.set(number, timeMs)
      }
      const held = ({ pending }: Consumer): number[] => {
        const cursor = new TreeCursor()
        const numbers: number[] = []
        for (let more = pending.first(cursor); more; more = cursor.next()) {
          numbers.push(readPendingId(entries, cursor.address, new StreamId()).msLow)
        }
        return numbers
      }
      /** As XREADGROUP reads a consumer's history: some of it, from an entry on. */
      const giveAgain = (consumer: Consumer, from: number, timeMs: number): void => {
        const cursor = new TreeCursor()
        const id = new StreamId()
        let more = seekPending(consumer.pending, cursor, idOf(from))
        for (let left = 5; more && left > 0; left--) {
          group.deliverAgain(cursor, readPendingId(entries, cursor.address, id), consumer, timeMs)
          times.set(id.msLow, timeMs)
          more = cursor.next()
        }
      }
      /** As XGROUP DELCONSUMER does it, bit by bit. */
      const takeSome = (consumer: Consumer): void => {
        const before = held(consumer)
        const more = group.removePendingOf(consumer)
        const left = held(consumer)
        expect([left.length > 0, before.slice(before.length - left.length)]).toEqual([more, left])
        for (const each of before.slice(0, before.length - left.length)) times.delete(each)
      }
      for (let i = 1; i <= ENTRIES; i++) give(i, NOW_MS + ((i * factor) % 1009))
      expect(group.byTime.make(LEAST)).toBe(false)
      const seen = (): [number, number][] => {
        const cursor = new TreeCursor()
        const id = new StreamId()
        const found: [number, number][] = []
        for (let more = group.byTime.tree.first(cursor); more; more = cursor.next()) {
          readPendingId(entries, cursor.address, id)
          found.push([id.msLow, deliveryTime(entries, cursor.address)])
        }
        return found
      }
      for (const { id, timeMs, what } of drawn) {
        if (what === 'give') give(id + 1, NOW_MS + timeMs)
        else if (what === 'again') giveAgain(consumers[id % consumers.length], id, NOW_MS + timeMs)
        else if (what === 'leave') takeSome(consumers[id % consumers.length])
        else if (what === 'make') group.byTime.make(LEAST)
        else if (what === 'range') {
          const wanted = [...times.keys()].filter(each => each > id && each <= id + timeMs).toSorted((a, b) => a - b)
          const gone: number[] = []
          group.removeBetween(idOf(id + 1), idOf(id + timeMs), each => gone.push(each.msLow))
          expect(gone).toEqual(wanted)
          for (const each of gone) times.delete(each)
        } else if (what === 'remove') expect(group.remove(idOf(id + 1))).toBe(times.delete(id + 1))
        else for (let at = 0; (at = group.rewrite(at, (address, bytes) => entries.relocate(address, bytes))) !== 0; );
        for (const [number, time] of seen()) expect(times.get(number)).toBe(time)
      }
      while (!group.byTime.make(LEAST));
      const wanted = [...times].toSorted(([a, timeA], [b, timeB]) => timeA - timeB || a - b)
      expect(seen()).toEqual(wanted)
      expect(consumers.flatMap(held).toSorted((a, b) => a - b)).toEqual([...times.keys()].toSorted((a, b) => a - b))
      expect(group.pending.count).toBe(times.size)
    }),
    { numRuns: 60 },
  )
})
