import { describe, expect, test } from 'vitest'
import type { LiveState, Topology } from '../../src/page/server/live-state.js'
import { changesBetween, place } from '../../src/page/server/topology-changes.js'

const replica = { id: 1, host: '10.0.0.2', port: 7001, state: 'online', offset: 0, lagBytes: 0, lagSeconds: 0 }

function state(topology: Partial<Topology> = {}, role: 'master' | 'replica' = 'master', runId = 'a'): LiveState {
  return {
    time: 5,
    sample: null,
    server: {
      role,
      runId,
      version: '7.2.5',
      redisTs: '0.1.0',
      uptime: 1,
      port: 7000,
      databases: [],
      loading: false,
      writes: false,
    },
    topology: {
      self: { host: '10.0.0.1', port: 7000, role, offset: 0, replid: '' },
      master: null,
      replicas: [],
      ...topology,
    },
    log: [],
  }
}

const texts = (before: LiveState, after: LiveState) => changesBetween(before, after).map(({ text }) => text)

describe('what has changed in a topology', () => {
  test('nothing, where nothing has', () => expect(texts(state(), state())).toEqual([]))

  test('a replica comes, is online, and goes', () => {
    expect(texts(state(), state({ replicas: [{ ...replica, state: 'wait_bgsave' }] }))).toEqual([
      'replica 10.0.0.2:7001 has come: waits for a snapshot',
    ])
    expect(texts(state({ replicas: [{ ...replica, state: 'send_bulk' }] }), state({ replicas: [replica] }))).toEqual([
      'replica 10.0.0.2:7001: online',
    ])
    expect(texts(state({ replicas: [replica] }), state())).toEqual(['replica 10.0.0.2:7001 has gone'])
  })

  test('a replica loses its master and is promoted', () => {
    const link = { host: '10.0.0.9', port: 7009, secondsSinceIo: 0, offset: 1, syncLeftBytes: 0 }
    const up = state({ master: { ...link, link: 'up' } }, 'replica')
    expect(texts(up, state({ master: { ...link, link: 'down' } }, 'replica'))).toEqual(['link to 10.0.0.9:7009: down'])
    expect(texts(up, state())).toEqual(['this node is a master now, no longer a replica'])
  })

  test('a server that was started again', () =>
    expect(texts(state(), state({}, 'master', 'b'))).toEqual(['this server was started again']))

  test('addresses of IPv6 stand in brackets', () => expect(place({ host: '::1', port: 1 })).toBe('[::1]:1'))
})
