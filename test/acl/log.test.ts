import { describe, expect, test } from 'vitest'
import { AclLog, type DenialEvent } from '../../src/acl/log.js'

const EVENT: DenialEvent = {
  reason: 'key',
  context: 'toplevel',
  object: 'k',
  username: 'alice',
  clientInfo: 'id=1',
}

describe('the security log', () => {
  test('counts equal events in one entry, which then is the latest', () => {
    const log = new AclLog()
    log.add(EVENT, 1000, 100)
    log.add({ ...EVENT, object: 'other' }, 2000, 100)
    log.add({ ...EVENT, clientInfo: 'id=2' }, 3000, 100)
    expect(log.entries).toEqual([
      { ...EVENT, clientInfo: 'id=2', id: 0, createdMs: 1000, updatedMs: 3000, count: 2 },
      { ...EVENT, object: 'other', id: 1, createdMs: 2000, updatedMs: 2000, count: 1 },
    ])
  })

  test.each([
    ['reason', { ...EVENT, reason: 'command' }],
    ['context', { ...EVENT, context: 'multi' }],
    ['object', { ...EVENT, object: 'K' }],
    ['user', { ...EVENT, username: 'bob' }],
  ] as const)('another %s is another entry', (_, other) => {
    const log = new AclLog()
    log.add(EVENT, 0, 100)
    log.add(other, 0, 100)
    expect(log.entries.map(({ id }) => id)).toEqual([1, 0])
  })

  test('does not group what is more than a minute apart, counted from the last of them', () => {
    const log = new AclLog()
    for (const ms of [0, 60_000, 120_000, 180_001]) log.add(EVENT, ms, 100)
    expect(log.entries.map(({ count }) => count)).toEqual([1, 3])
  })

  test('looks for an equal event among the ten latest entries only', () => {
    const log = new AclLog()
    log.add(EVENT, 0, 100)
    for (let i = 0; i < 9; i++) log.add({ ...EVENT, object: `${i}` }, 0, 100)
    log.add(EVENT, 0, 100)
    expect(log.entries[0].count).toBe(2)
    for (let i = 0; i < 10; i++) log.add({ ...EVENT, object: `new ${i}` }, 0, 100)
    log.add(EVENT, 0, 100)
    expect(log.entries[0].count).toBe(1)
  })

  test('forgets the oldest, but goes on numbering and counting', () => {
    const log = new AclLog()
    for (let i = 0; i < 5; i++) log.add({ ...EVENT, object: `${i}` }, 0, 2)
    expect(log.entries.map(({ object }) => object)).toEqual(['4', '3'])
    log.clear()
    log.add({ ...EVENT, reason: 'auth' }, 0, 0)
    expect(log.entries).toEqual([])
    log.add(EVENT, 0, 2)
    expect(log.entries[0].id).toBe(6)
    expect(log.denials).toEqual({ command: 0, key: 6, channel: 0, auth: 1 })
  })
})
