import { RedisStore } from 'connect-redis'
import { Cookie, type SessionData } from 'express-session'
import { createClient } from 'redis'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../stock.js'
import { closeAfterEach } from './closing.js'

declare module 'express-session' {
  interface SessionData {
    user: string
  }
}

const DAY_S = 86_400

/** express-session calls its store's methods, which this does in its place. */
describe.each([2, 3] as const)('connect-redis in RESP%i', protocol => {
  const closed = closeAfterEach()
  let port = 0
  let client: Awaited<ReturnType<typeof newClient>>
  let store: RedisStore

  function newClient() {
    return createClient({ socket: { host: '127.0.0.1', port }, RESP: protocol }).connect()
  }

  beforeAll(async () => {
    ;({ port } = await startRedisTs(['--save', '']))
  })
  beforeEach(async () => {
    client = closed(await newClient())
    await client.flushAll()
    store = new RedisStore({ client, prefix: 'session:', scanCount: 10 })
  })

  function session(user: string, seconds?: number): SessionData {
    const cookie = new Cookie()
    if (seconds !== undefined) cookie.expires = new Date(Date.now() + seconds * 1000)
    return { cookie, user }
  }

  test('a session is kept for as long as its cookie, and is refreshed', async () => {
    await store.set('one', session('ada', 100))
    await store.set('two', session('bob'))
    expect(await store.get('one')).toMatchObject({ user: 'ada' })
    expect(await store.get('none')).toBeNull()
    expect(await client.ttl('session:one')).toBeGreaterThan(90)
    expect(await client.ttl('session:one')).toBeLessThanOrEqual(100)
    expect(await client.ttl('session:two')).toBeGreaterThan(DAY_S - 10)
    await store.touch('one', session('ada', 1000))
    expect(await client.ttl('session:one')).toBeGreaterThan(990)
    await store.set('one', session('ada', -1))
    expect(await store.get('one')).toBeNull()
  })

  test('all sessions are found among other keys, and cleared', async () => {
    const users = Array.from({ length: 120 }, (_, i) => `user ${i}`)
    await Promise.all(users.map((user, i) => store.set(`id-${i}`, session(user))))
    await client.mSet(Object.fromEntries(users.map(user => [`other:${user}`, user])))
    expect(await store.length()).toBe(120)
    expect((await store.ids()).sort()).toEqual(users.map((_, i) => `id-${i}`).sort())
    const all: SessionData[] = await store.all()
    expect(all.map(({ user }) => user).sort()).toEqual([...users].sort())
    await store.destroy('id-7')
    expect(await store.length()).toBe(119)
    await store.clear()
    expect(await store.length()).toBe(0)
    expect(await client.dbSize()).toBe(120)
  })

  test('with callbacks, as express-session calls it', async () => {
    const answer = await new Promise<[unknown, SessionData | null]>(resolve => {
      void store.set('one', session('ada'), () => {
        void store.get('one', (error, data) => resolve([error, data]))
      })
    })
    expect(answer).toMatchObject([null, { user: 'ada', cookie: { path: '/' } }])
  })
})
