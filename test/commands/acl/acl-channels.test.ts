import { describe, expect, test } from 'vitest'
import { AclServer, send } from '../acl-server.js'
import { type RawClient, texts } from '../raw-client.js'

const NO_CHANNEL = 'NOPERM No permissions to access a channel'

const acl = new AclServer()

describe('channels', () => {
  test('are denied to new users, for publishing and for subscribing', async () => {
    const alice = await acl.user('alice', '+@pubsub')
    expect(
      await send(
        alice,
        ['PUBLISH', 'a', 'x'],
        ['SPUBLISH', 'a', 'x'],
        ['SUBSCRIBE', 'a'],
        ['PSUBSCRIBE', 'a'],
        ['SSUBSCRIBE', 'a'],
      ),
    ).toEqual(Array.from({ length: 5 }, () => NO_CHANNEL))
  })

  test('are allowed by patterns, but a pattern of channels only as it stands', async () => {
    const alice = await acl.user('alice', '+@pubsub', '&news:*', '&chat')
    expect(await send(alice, ['PUBLISH', 'news:1', 'x'], ['PUBLISH', 'news', 'x'], ['SPUBLISH', 'chat', 'x'])).toEqual([
      '0',
      NO_CHANNEL,
      '0',
    ])
    expect((await alice.call('SUBSCRIBE', 'news:1')).type).toBe('*')
    expect(texts(await alice.call('PSUBSCRIBE', 'news:*'))).toEqual(['psubscribe', 'news:*', '2'])
    expect(await send(alice, ['PSUBSCRIBE', 'news:1*'], ['SUBSCRIBE', 'chat', 'other'])).toEqual([
      NO_CHANNEL,
      NO_CHANNEL,
    ])
    // Leaving is always allowed.
    expect(texts(await alice.call('UNSUBSCRIBE', 'other'))).toEqual(['unsubscribe', 'other', '2'])
  })

  test('denied inside a transaction fail it', async () => {
    const alice = await acl.user('alice', '+@pubsub', '+multi', '+exec')
    expect(await send(alice, ['MULTI'], ['PUBLISH', 'a', 'x'], ['EXEC'])).toEqual([
      'OK',
      NO_CHANNEL,
      'EXECABORT Transaction discarded because of previous errors.',
    ])
  })

  test('acl-pubsub-default gives new users all channels', async () => {
    const admin = await acl.connect()
    await admin.call('CONFIG', 'SET', 'acl-pubsub-default', 'allchannels')
    await admin.call('ACL', 'SETUSER', 'alice', '(+get)')
    expect(texts(await admin.call('ACL', 'LIST'))[0]).toBe('user alice off sanitize-payload &* -@all (&* -@all +get)')
    await admin.call('CONFIG', 'SET', 'acl-pubsub-default', 'resetchannels')
    expect(texts(await admin.call('ACL', 'LIST'))[0]).toContain('&*')
    await admin.call('ACL', 'SETUSER', 'alice', 'reset')
    expect(texts(await admin.call('ACL', 'LIST'))[0]).toBe('user alice off sanitize-payload resetchannels -@all')
  })
})

describe('subscribers', () => {
  /** A subscriber of alice's, and whether it is still connected. */
  async function subscriber(...commands: string[][]): Promise<[RawClient, () => Promise<boolean>]> {
    const admin = await acl.connect()
    const alice = await acl.connect()
    await send(alice, ['AUTH', 'alice', 'x'], ['CLIENT', 'SETNAME', 'subscriber'], ...commands)
    return [alice, async () => (await admin.call('CLIENT', 'LIST')).text?.includes('name=subscriber') ?? false]
  }

  test.each([[['SUBSCRIBE', 'a1']], [['SSUBSCRIBE', 'a1']], [['PSUBSCRIBE', 'a*']]])(
    'by %j are closed when their user loses the channel',
    async command => {
      const admin = await acl.connect()
      await admin.call('ACL', 'SETUSER', 'alice', 'on', 'nopass', '+@all', '&a*', '&b')
      const [alice, isConnected] = await subscriber(command)
      await send(admin, ['ACL', 'SETUSER', 'alice', 'resetchannels', '&a*'])
      expect(await isConnected()).toBe(true)
      await send(admin, ['ACL', 'SETUSER', 'alice', 'allchannels'], ['ACL', 'SETUSER', 'alice', '-get'])
      expect(await isConnected()).toBe(true)
      const closed = alice.closed()
      await send(admin, ['ACL', 'SETUSER', 'alice', 'resetchannels', '&a?b'])
      await closed
      expect(await isConnected()).toBe(false)
    },
  )

  test('that take channels from themselves get their reply first', async () => {
    const alice = await acl.user('alice', '+@all', '&a')
    await alice.call('HELLO', '3')
    await alice.call('SUBSCRIBE', 'a')
    const closed = alice.closed()
    expect(await send(alice, ['ACL', 'SETUSER', 'alice', 'resetchannels'])).toEqual(['OK'])
    await closed
  })
})
