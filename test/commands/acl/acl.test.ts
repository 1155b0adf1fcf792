import { describe, expect, test } from 'vitest'
import { AclServer, fields, NO_KEY, send, WRONG_PASSWORD } from '../acl-server.js'
import { type RawClient, type RawReply, texts } from '../raw-client.js'

const acl = new AclServer()

async function lastDenial(admin: RawClient): Promise<Map<string, string>> {
  return fields((await admin.call('ACL', 'LOG', '1')).elements?.[0] ?? { type: '*', text: null, elements: [] })
}

describe('users', () => {
  test('begin switched off and without any right, and log in once they are on', async () => {
    const client = await acl.connect()
    const login = ['AUTH', 'alice', 'secret']
    expect(await send(client, ['ACL', 'SETUSER', 'alice', '>secret'], login)).toEqual(['OK', WRONG_PASSWORD])
    expect(await send(client, ['ACL', 'SETUSER', 'alice', 'on'], login, ['ACL', 'WHOAMI'])).toEqual([
      'OK',
      'OK',
      "NOPERM User alice has no permissions to run the 'acl|whoami' command",
    ])
    expect(await send(client, ['AUTH', 'alice', 'Secret'], ['AUTH', 'nobody', 'x'])).toEqual([
      WRONG_PASSWORD,
      WRONG_PASSWORD,
    ])
  })

  test('are changed while they are connected', async () => {
    const admin = await acl.connect()
    const alice = await acl.user('alice', '+get', '~a*')
    expect(await send(alice, ['GET', 'a1'], ['GET', 'b'], ['SET', 'a1', 'x'])).toEqual([
      null,
      NO_KEY,
      "NOPERM User alice has no permissions to run the 'set' command",
    ])
    await admin.call('ACL', 'SETUSER', 'alice', '+@all', 'allkeys')
    expect(await send(alice, ['SET', 'b', 'x'], ['GET', 'b'])).toEqual(['OK', 'x'])
    await admin.call('ACL', 'SETUSER', 'alice', '-get')
    expect(await send(alice, ['GET', 'b'])).toEqual(["NOPERM User alice has no permissions to run the 'get' command"])
  })

  test('change by all rules or by none', async () => {
    const admin = await acl.connect()
    expect(await send(admin, ['ACL', 'SETUSER', 'alice', 'on', '+get', '+nosuch', '~a'])).toEqual([
      "ERR Error in ACL SETUSER modifier '+nosuch': Unknown command or category name in ACL",
    ])
    expect(await send(admin, ['ACL', 'GETUSER', 'alice'])).toEqual([null])
    await admin.call('ACL', 'SETUSER', 'alice', '+get')
    await admin.call('ACL', 'SETUSER', 'alice', 'on', 'nonsense')
    expect(fields(await admin.call('ACL', 'GETUSER', 'alice')).get('commands')).toBe('-@all +get')
    expect(texts(await admin.call('ACL', 'LIST'))).toContain('user alice off sanitize-payload resetchannels -@all +get')
  })

  test('when deleted lose their connections, after the reply of one that deletes itself', async () => {
    const admin = await acl.connect()
    const alice = await acl.user('alice', '+@all')
    const bob = await acl.user('bob', '+@all')
    const aliceClosed = alice.closed()
    expect(await send(bob, ['ACL', 'DELUSER', 'alice', 'bob', 'carol'])).toEqual(['2'])
    await Promise.all([aliceClosed, bob.closed()])
    expect(texts(await admin.call('ACL', 'USERS'))).toEqual(['default'])
  })

  test('GETUSER is a map with a set of flags in RESP3', async () => {
    const admin = await acl.connect()
    await admin.call('HELLO', '3')
    await admin.call('ACL', 'SETUSER', 'alice', 'on', 'nopass', '%R~a', '&c', '+get', '(~b +set)')
    const { type, elements } = await admin.call('ACL', 'GETUSER', 'alice')
    expect(type).toBe('%')
    expect(elements?.map(element => element.type).join('')).toBe('$~$*$$$$$$$*')
    expect(texts(elements?.[1] as RawReply)).toEqual(['on', 'nopass', 'sanitize-payload'])
    const [selector] = elements?.[11].elements ?? []
    expect([selector.type, ...fields(selector)]).toEqual([
      '%',
      ['commands', '-@all +set'],
      ['keys', '~b'],
      ['channels', ''],
    ])
    expect((await admin.call('ACL', 'GETUSER', 'nobody')).type).toBe('_')
  })

  test('show in CLIENT LIST, and CLIENT KILL finds them', async () => {
    const admin = await acl.connect()
    const alice = await acl.user('alice', '+@all')
    expect((await alice.call('CLIENT', 'INFO')).text).toContain(' user=alice ')
    const closed = alice.closed()
    expect(await send(admin, ['CLIENT', 'KILL', 'USER', 'nobody'], ['CLIENT', 'KILL', 'USER', 'alice'])).toEqual([
      "ERR No such user 'nobody'",
      '1',
    ])
    await closed
  })
})

describe('the default user', () => {
  test('is who a client is at first and after RESET', async () => {
    const alice = await acl.user('alice', '+@all')
    expect(await send(alice, ['ACL', 'WHOAMI'], ['RESET'], ['ACL', 'WHOAMI'])).toEqual(['alice', 'RESET', 'default'])
  })

  test('cannot be deleted', async () => {
    const admin = await acl.connect()
    expect(await send(admin, ['ACL', 'DELUSER', 'x', 'default'])).toEqual(["ERR The 'default' user cannot be removed"])
  })

  test('switched off keeps who is connected and makes others log in', async () => {
    const admin = await acl.connect()
    await admin.call('ACL', 'SETUSER', 'alice', 'on', 'nopass', '+@all')
    await admin.call('ACL', 'SETUSER', 'default', 'off')
    const late = await acl.connect()
    expect(await send(late, ['PING'], ['AUTH', 'x'], ['AUTH', 'default', 'x'])).toEqual([
      'NOAUTH Authentication required.',
      'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
      WRONG_PASSWORD,
    ])
    expect(await send(late, ['HELLO', '2', 'AUTH', 'alice', 'x', 'SETNAME', 'n'], ['PING'])).toEqual([null, 'PONG'])
    expect(await send(admin, ['PING'], ['RESET'], ['PING'])).toEqual([
      'PONG',
      'RESET',
      'NOAUTH Authentication required.',
    ])
    await late.call('ACL', 'SETUSER', 'default', 'on')
  })

  test('has requirepass as its only password, which opens and shuts the door for all who are there', async () => {
    const admin = await acl.connect()
    await admin.call('CONFIG', 'SET', 'requirepass', 'first')
    const late = await acl.connect()
    expect(await send(late, ['PING'])).toEqual(['NOAUTH Authentication required.'])
    await admin.call('ACL', 'SETUSER', 'default', '>second')
    expect(await send(late, ['AUTH', 'second'], ['AUTH', 'third'])).toEqual(['OK', WRONG_PASSWORD])
    expect(texts(await admin.call('CONFIG', 'GET', 'requirepass'))).toEqual(['requirepass', 'first'])
    const waiting = await acl.connect()
    await admin.call('CONFIG', 'SET', 'requirepass', '')
    expect(await send(waiting, ['PING'])).toEqual(['PONG'])
    expect(texts(await admin.call('ACL', 'LIST'))).toEqual(['user default on nopass sanitize-payload ~* &* +@all'])
  })
})

describe('transactions', () => {
  test('what is denied while queueing fails the transaction', async () => {
    const admin = await acl.connect()
    const alice = await acl.user('alice', '+multi', '+exec', '+incr', '~a')
    expect(await send(alice, ['MULTI'], ['INCR', 'b'], ['EXEC'])).toEqual([
      'OK',
      NO_KEY,
      'EXECABORT Transaction discarded because of previous errors.',
    ])
    const denial = await lastDenial(admin)
    expect([denial.get('context'), denial.get('reason'), denial.get('object')]).toEqual(['multi', 'key', 'b'])
  })

  test('what has been denied since is skipped by EXEC', async () => {
    const admin = await acl.connect()
    const alice = await acl.user('alice', '+multi', '+exec', '+incr', '+ping', '~*')
    await send(alice, ['MULTI'], ['PING'], ['INCR', 'n'], ['INCR', 'm'])
    await admin.call('ACL', 'SETUSER', 'alice', '-incr')
    const replies = (await alice.call('EXEC')).elements?.map(({ text }) => text)
    const refused =
      'NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: no permission to execute the command or subcommand'
    expect(replies).toEqual(['PONG', refused, refused])
    expect(await send(admin, ['EXISTS', 'n', 'm'])).toEqual(['0'])
    const denial = await lastDenial(admin)
    expect([denial.get('context'), denial.get('object'), denial.get('count')]).toEqual(['multi', 'incr', '2'])
    expect(denial.get('client-info')).toContain(' cmd=exec user=alice ')
  })

  test('AUTH among the commands changes who runs those behind it', async () => {
    const client = await acl.connect()
    await client.call('ACL', 'SETUSER', 'alice', 'on', 'nopass', '+get', '~a')
    const replies = await client.pipeline([['MULTI'], ['AUTH', 'alice', 'x'], ['GET', 'a'], ['GET', 'b'], ['EXEC']])
    expect(replies[4].elements?.map(({ type }) => type)).toEqual(['+', '$', '-'])
  })
})

describe('ACL LOG', () => {
  test('has the latest denial first, with who and where', async () => {
    const admin = await acl.connect()
    const alice = await acl.user('alice', '+set', '~a')
    await send(
      alice,
      ['CONFIG', 'GET', 'x'],
      ['SET', 'secret', '1'],
      ['SET', 'secret', '2'],
      ['hello', '3', 'AUTH', 'bob', 'x'],
    )
    const { elements } = await admin.call('ACL', 'LOG')
    const entries = elements?.map(fields) ?? []
    const shown = ['reason', 'object', 'username', 'count', 'context'].map(name =>
      entries.map(entry => entry.get(name)),
    )
    expect(shown).toEqual([
      ['auth', 'key', 'command'],
      ['hello', 'secret', 'config|get'],
      ['bob', 'alice', 'alice'],
      ['1', '2', '1'],
      ['toplevel', 'toplevel', 'toplevel'],
    ])
    expect([...entries[0].keys()].slice(5)).toEqual([
      'age-seconds',
      'client-info',
      'entry-id',
      'timestamp-created',
      'timestamp-last-updated',
    ])
    expect(entries[1].get('client-info')).toMatch(/^id=\d+ addr=.* cmd=set user=alice /)
    expect(Number(entries[1].get('timestamp-created'))).toBeGreaterThan(Date.now() - 60_000)
    expect(await send(admin, ['ACL', 'LOG', 'RESET'], ['ACL', 'LOG', 'x'])).toEqual([
      'OK',
      'ERR value is not an integer or out of range',
    ])
    expect((await admin.call('ACL', 'LOG')).elements).toEqual([])
  })

  test('keeps acllog-max-len entries, and INFO counts them all', async () => {
    const admin = await acl.connect()
    const count = async (reason: string): Promise<number> => {
      const info = (await admin.call('INFO', 'stats')).text ?? ''
      return Number(new RegExp(`acl_access_denied_${reason}:(\\d+)`).exec(info)?.[1])
    }
    const before = await Promise.all(['auth', 'cmd', 'key', 'channel'].map(count))
    await admin.call('CONFIG', 'SET', 'acllog-max-len', '2')
    const alice = await acl.user('alice', '+get')
    await send(alice, ['GET', 'a'], ['GET', 'b'], ['GET', 'c'], ['PING'], ['AUTH', 'no', 'no'])
    expect((await admin.call('ACL', 'LOG')).elements).toHaveLength(2)
    const after = await Promise.all(['auth', 'cmd', 'key', 'channel'].map(count))
    expect(after.map((now, i) => now - before[i])).toEqual([1, 1, 3, 0])
    await admin.call('CONFIG', 'SET', 'acllog-max-len', '128')
  })
})

test('rules, which may be passwords, do not reach the slow log', async () => {
  const admin = await acl.connect()
  await admin.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0')
  await admin.call('ACL', 'SETUSER', 'alice', '>secret')
  const entry = (await admin.call('SLOWLOG', 'GET', '1')).elements?.[0].elements?.[3]
  expect(entry?.elements?.map(({ text }) => text)).toEqual(['ACL', 'SETUSER', '(redacted)', '(redacted)'])
  await admin.call('CONFIG', 'SET', 'slowlog-log-slower-than', '10000')
})

test('a client that has to log in may send short requests only', async () => {
  const admin = await acl.connect()
  const alice = await acl.user('alice')
  const long = ['PING', ...Array.from({ length: 20 }, () => 'x')]
  expect((await send(alice, long))[0]).toMatch(/^NOPERM/)
  await admin.call('ACL', 'SETUSER', 'default', 'off')
  const stranger = await acl.connect()
  expect(await send(stranger, long)).toEqual(['ERR Protocol error: unauthenticated multibulk length'])
  await admin.call('ACL', 'SETUSER', 'default', 'on')
})

describe('GENPASS, CAT and DRYRUN', () => {
  test('a password has a hexadecimal digit for every four bits', async () => {
    const admin = await acl.connect()
    const [long, one, odd, again] = await send(
      admin,
      ['ACL', 'GENPASS'],
      ['ACL', 'GENPASS', '1'],
      ['ACL', 'GENPASS', '9'],
      ['ACL', 'GENPASS'],
    )
    expect(long).toMatch(/^[0-9a-f]{64}$/)
    expect([one?.length, odd?.length]).toEqual([1, 3])
    expect(again).not.toBe(long)
  })

  test('every command is in a category of its own kind', async () => {
    const admin = await acl.connect()
    const strings = texts(await admin.call('ACL', 'CAT', 'STRING'))
    expect(strings).toEqual(expect.arrayContaining(['get', 'set', 'incr']))
    expect(strings).not.toContain('hget')
    expect(texts(await admin.call('ACL', 'CAT', 'dangerous'))).toContain('acl|setuser')
  })

  test('DRYRUN names what is denied', async () => {
    const admin = await acl.connect()
    await admin.call('ACL', 'SETUSER', 'alice', '+@all', '%R~r*')
    expect(
      await send(
        admin,
        ['ACL', 'DRYRUN', 'alice', 'GET', 'r1'],
        ['ACL', 'DRYRUN', 'alice', 'SET', 'r1', 'v'],
        ['ACL', 'DRYRUN', 'alice', 'config', 'get'],
        ['ACL', 'DRYRUN', 'nobody', 'GET', 'r1'],
        ['ACL', 'DRYRUN', 'alice', 'config', 'nosuch'],
      ),
    ).toEqual([
      'OK',
      "User alice has no permissions to access the 'r1' key",
      "ERR wrong number of arguments for 'config|get' command",
      "ERR User 'nobody' not found",
      "ERR Command 'config' not found",
    ])
  })
})
