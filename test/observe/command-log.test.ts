import { expect, test } from 'vitest'
import { SystemClock } from '../../src/clock/clock.js'
import { CommandLog } from '../../src/observe/command-log.js'
import { NOTHING_SECRET } from '../../src/observe/redaction.js'
import { requestFromArguments } from '../../src/resp/request.js'

const client = { address: '127.0.0.1:1', name: 'me' }

function log(maxLength: number): { slowlog: CommandLog; add: (...words: string[]) => void } {
  const slowlog = new CommandLog(new SystemClock())
  slowlog.limit(maxLength)
  const add = (...words: string[]): void =>
    slowlog.add(client, requestFromArguments(words.map(word => Buffer.from(word))), NOTHING_SECRET, 1234.5)
  return { slowlog, add }
}

test('keeps the latest entries, newest first, and never uses an id twice', () => {
  const { slowlog, add } = log(3)
  for (let i = 0; i < 10; i++) add('get', `key${i}`)
  expect(slowlog.length).toBe(3)
  expect(slowlog.latest(10).map(({ id, args }) => [id, args[1]])).toEqual([
    [9, 'key9'],
    [8, 'key8'],
    [7, 'key7'],
  ])
  expect(slowlog.latest(1).map(({ id }) => id)).toEqual([9])
  expect(slowlog.latest(0)).toEqual([])
  slowlog.reset()
  add('ping')
  expect(slowlog.latest(10).map(({ id }) => id)).toEqual([10])
})

test('a lower limit drops the oldest entries at once', () => {
  const { slowlog, add } = log(100)
  for (let i = 0; i < 10; i++) add('ping')
  slowlog.limit(4)
  expect(slowlog.latest(100).map(({ id }) => id)).toEqual([9, 8, 7, 6])
  slowlog.limit(0)
  expect(slowlog.length).toBe(0)
  add('ping')
  expect(slowlog.length).toBe(0)
})

test('an entry tells who ran what, when and for how many whole value', () => {
  const { slowlog, add } = log(1)
  const before = Math.floor(Date.now() / 1000)
  add('set', 'k', 'v')
  const [entry] = slowlog.latest(1)
  expect(entry).toMatchObject({ value: 1234, args: ['set', 'k', 'v'], address: '127.0.0.1:1', clientName: 'me' })
  expect(entry.seconds).toBeGreaterThanOrEqual(before)
})
