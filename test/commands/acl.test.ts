import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { PROBES, selectorRule } from '../acl/arbitrary-rules.js'
import {
  type RunningServer,
  requireStock,
  type StartOptions,
  startRedisServer,
  startRedisTs,
  tempDir,
} from '../interop/stock.js'
import { RawClient, type RawReply, texts } from './raw-client.js'
import { expectSame, words } from './side-by-side.js'

const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.'
const NO_KEY = 'NOPERM No permissions to access a key'

let server: RunningServer
const clients: RawClient[] = []
beforeAll(async () => {
  server = await startRedisTs(['--save', ''])
})
afterEach(async () => {
  const admin = await connect()
  const names = texts(await admin.call('ACL', 'USERS')).filter(name => name !== 'default')
  if (names.length > 0) await admin.call('ACL', 'DELUSER', ...names)
  await admin.call('ACL', 'LOG', 'RESET')
  for (const client of clients.splice(0)) client.close()
})

async function connect(to: RunningServer = server): Promise<RawClient> {
  const client = await RawClient.connect(to.port)
  clients.push(client)
  return client
}

/** A connection of a new user without password. */
async function user(name: string, ...rules: string[]): Promise<RawClient> {
  const client = await connect()
  await send(client, ['ACL', 'SETUSER', name, 'on', 'nopass', ...rules], ['AUTH', name, 'x'])
  return client
}

/** The texts of the replies to some commands. */
async function send(client: RawClient, ...commands: string[][]): Promise<(string | null)[]> {
  return (await client.pipeline(commands)).map(({ text }) => text)
}

/** The fields of a map, as text. */
function fields({ elements }: RawReply): Map<string, string> {
  const pairs = new Map<string, string>()
  for (let i = 0; i < (elements ?? []).length; i += 2) {
    pairs.set(elements?.[i].text ?? '', elements?.[i + 1].text ?? '')
  }
  return pairs
}

async function lastDenial(admin: RawClient): Promise<Map<string, string>> {
  return fields((await admin.call('ACL', 'LOG', '1')).elements?.[0] ?? { type: '*', text: null, elements: [] })
}

describe('users', () => {
  test('begin switched off and without any right, and log in once they are on', async () => {
    const client = await connect()
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
    const admin = await connect()
    const alice = await user('alice', '+get', '~a*')
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
    const admin = await connect()
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
    const admin = await connect()
    const alice = await user('alice', '+@all')
    const bob = await user('bob', '+@all')
    const aliceClosed = alice.closed()
    expect(await send(bob, ['ACL', 'DELUSER', 'alice', 'bob', 'carol'])).toEqual(['2'])
    await Promise.all([aliceClosed, bob.closed()])
    expect(texts(await admin.call('ACL', 'USERS'))).toEqual(['default'])
  })

  test('GETUSER is a map with a set of flags in RESP3', async () => {
    const admin = await connect()
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
    const admin = await connect()
    const alice = await user('alice', '+@all')
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
    const alice = await user('alice', '+@all')
    expect(await send(alice, ['ACL', 'WHOAMI'], ['RESET'], ['ACL', 'WHOAMI'])).toEqual(['alice', 'RESET', 'default'])
  })

  test('cannot be deleted', async () => {
    const admin = await connect()
    expect(await send(admin, ['ACL', 'DELUSER', 'x', 'default'])).toEqual(["ERR The 'default' user cannot be removed"])
  })

  test('switched off keeps who is connected and makes others log in', async () => {
    const admin = await connect()
    await admin.call('ACL', 'SETUSER', 'alice', 'on', 'nopass', '+@all')
    await admin.call('ACL', 'SETUSER', 'default', 'off')
    const late = await connect()
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
    const admin = await connect()
    await admin.call('CONFIG', 'SET', 'requirepass', 'first')
    const late = await connect()
    expect(await send(late, ['PING'])).toEqual(['NOAUTH Authentication required.'])
    await admin.call('ACL', 'SETUSER', 'default', '>second')
    expect(await send(late, ['AUTH', 'second'], ['AUTH', 'third'])).toEqual(['OK', WRONG_PASSWORD])
    expect(texts(await admin.call('CONFIG', 'GET', 'requirepass'))).toEqual(['requirepass', 'first'])
    const waiting = await connect()
    await admin.call('CONFIG', 'SET', 'requirepass', '')
    expect(await send(waiting, ['PING'])).toEqual(['PONG'])
    expect(texts(await admin.call('ACL', 'LIST'))).toEqual(['user default on nopass sanitize-payload ~* &* +@all'])
  })
})

describe('transactions', () => {
  test('what is denied while queueing fails the transaction', async () => {
    const admin = await connect()
    const alice = await user('alice', '+multi', '+exec', '+incr', '~a')
    expect(await send(alice, ['MULTI'], ['INCR', 'b'], ['EXEC'])).toEqual([
      'OK',
      NO_KEY,
      'EXECABORT Transaction discarded because of previous errors.',
    ])
    const denial = await lastDenial(admin)
    expect([denial.get('context'), denial.get('reason'), denial.get('object')]).toEqual(['multi', 'key', 'b'])
  })

  test('what has been denied since is skipped by EXEC', async () => {
    const admin = await connect()
    const alice = await user('alice', '+multi', '+exec', '+incr', '+ping', '~*')
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
    const client = await connect()
    await client.call('ACL', 'SETUSER', 'alice', 'on', 'nopass', '+get', '~a')
    const replies = await client.pipeline([['MULTI'], ['AUTH', 'alice', 'x'], ['GET', 'a'], ['GET', 'b'], ['EXEC']])
    expect(replies[4].elements?.map(({ type }) => type)).toEqual(['+', '$', '-'])
  })
})

describe('ACL LOG', () => {
  test('has the latest denial first, with who and where', async () => {
    const admin = await connect()
    const alice = await user('alice', '+set', '~a')
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
    const admin = await connect()
    const count = async (reason: string): Promise<number> => {
      const info = (await admin.call('INFO', 'stats')).text ?? ''
      return Number(new RegExp(`acl_access_denied_${reason}:(\\d+)`).exec(info)?.[1])
    }
    const before = await Promise.all(['auth', 'cmd', 'key', 'channel'].map(count))
    await admin.call('CONFIG', 'SET', 'acllog-max-len', '2')
    const alice = await user('alice', '+get')
    await send(alice, ['GET', 'a'], ['GET', 'b'], ['GET', 'c'], ['PING'], ['AUTH', 'no', 'no'])
    expect((await admin.call('ACL', 'LOG')).elements).toHaveLength(2)
    const after = await Promise.all(['auth', 'cmd', 'key', 'channel'].map(count))
    expect(after.map((now, i) => now - before[i])).toEqual([1, 1, 3, 0])
    await admin.call('CONFIG', 'SET', 'acllog-max-len', '128')
  })
})

test('rules, which may be passwords, do not reach the slow log', async () => {
  const admin = await connect()
  await admin.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0')
  await admin.call('ACL', 'SETUSER', 'alice', '>secret')
  const entry = (await admin.call('SLOWLOG', 'GET', '1')).elements?.[0].elements?.[3]
  expect(entry?.elements?.map(({ text }) => text)).toEqual(['ACL', 'SETUSER', '(redacted)', '(redacted)'])
  await admin.call('CONFIG', 'SET', 'slowlog-log-slower-than', '10000')
})

test('a client that has to log in may send short requests only', async () => {
  const admin = await connect()
  const alice = await user('alice')
  const long = ['PING', ...Array.from({ length: 20 }, () => 'x')]
  expect((await send(alice, long))[0]).toMatch(/^NOPERM/)
  await admin.call('ACL', 'SETUSER', 'default', 'off')
  const stranger = await connect()
  expect(await send(stranger, long)).toEqual(['ERR Protocol error: unauthenticated multibulk length'])
  await admin.call('ACL', 'SETUSER', 'default', 'on')
})

describe('GENPASS, CAT and DRYRUN', () => {
  test('a password has a hexadecimal digit for every four bits', async () => {
    const admin = await connect()
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
    const admin = await connect()
    const strings = texts(await admin.call('ACL', 'CAT', 'STRING'))
    expect(strings).toEqual(expect.arrayContaining(['get', 'set', 'incr']))
    expect(strings).not.toContain('hget')
    expect(texts(await admin.call('ACL', 'CAT', 'dangerous'))).toContain('acl|setuser')
  })

  test('DRYRUN names what is denied', async () => {
    const admin = await connect()
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

describe('the config file', () => {
  const refusal = (options: StartOptions, ...args: string[]): Promise<string> =>
    startRedisTs(['--save', '', ...args], options).then(
      () => 'started',
      (error: Error) => error.message,
    )

  test('declares users, the default one from nothing, and CONFIG REWRITE keeps them', async () => {
    const config =
      'requirepass lost\nuser default on nopass ~* +@all\nuser "al\'ice" on >x "~it\'s" (+get\nuser bob\nport 0\n'
    const running = await startRedisTs(['--save', ''], { config: config.replace('(+get', '(+get ~"two" )') })
    const client = await connect(running)
    expect(texts(await client.call('ACL', 'LIST'))).toEqual([
      expect.stringMatching(
        /^user al'ice on sanitize-payload #\w{64} ~it's resetchannels -@all \(~two resetchannels -@all \+get\)$/,
      ),
      'user bob off sanitize-payload resetchannels -@all',
      'user default on nopass sanitize-payload ~* resetchannels +@all',
    ])
    expect(running.log()).toContain("The user 'bob' is disabled")
    const list = texts(await client.call('ACL', 'LIST'))
    await client.call('ACL', 'DELUSER', 'bob')
    await client.call('ACL', 'SETUSER', 'carol', '+get')
    await client.call('CONFIG', 'REWRITE')
    client.close()
    await running.stop()
    const rewritten = readFileSync(join(running.dir, 'redis.conf'), 'latin1')
    expect(rewritten.match(/^user /gm)).toHaveLength(3)
    const again = await startRedisTs([], { config: rewritten })
    const now = texts(await (await connect(again)).call('ACL', 'LIST'))
    expect(now).toEqual([list[0], 'user carol off sanitize-payload resetchannels -@all +get', list[2]])
  })

  test.each([
    ['user alice on +nosuch', "Error in user declaration '+nosuch': Unknown command or category name in ACL"],
    ['user alice on %X~a', "Error in user declaration '%X~a': Syntax error"],
    ['user alice (+get', "Unmatched parenthesis in acl selector starting at '(+get'."],
    ['user "a b" on', 'Spaces not allowed in ACL usernames'],
    ['user alice on\nuser alice off', 'Duplicate user found. A user can only be defined once in config files'],
  ])('%j is refused, with its place', async (lines, reason) => {
    const text = await refusal({ config: `hz 10\n${lines}\n` })
    const last = lines.split('\n').length
    expect(text).toContain(`at line ${last + 1}\n>>> '${lines.split('\n')[last - 1]}'\n`)
    expect(text).toContain(`${reason}\n`)
    expect(text).toMatch(/\(in .*redis\.conf\)/)
  })

  test('has no users beside an ACL file', async () => {
    expect(await refusal({ config: 'aclfile u.acl\nuser alice on\n' })).toContain(
      'please define either an ACL file or declare users directly in your redis.conf, but not both',
    )
  })

  test('acl-pubsub-default gives new users all channels', async () => {
    const admin = await connect()
    await admin.call('CONFIG', 'SET', 'acl-pubsub-default', 'allchannels')
    await admin.call('ACL', 'SETUSER', 'alice', '(+get)')
    expect(texts(await admin.call('ACL', 'LIST'))[0]).toBe('user alice off sanitize-payload &* -@all (&* -@all +get)')
    await admin.call('CONFIG', 'SET', 'acl-pubsub-default', 'resetchannels')
    expect(texts(await admin.call('ACL', 'LIST'))[0]).toContain('&*')
    await admin.call('ACL', 'SETUSER', 'alice', 'reset')
    expect(texts(await admin.call('ACL', 'LIST'))[0]).toBe('user alice off sanitize-payload resetchannels -@all')
  })
})

describe('an ACL file', () => {
  async function withFile(content: string): Promise<{ running: RunningServer; file: string; admin: RawClient }> {
    const dir = tempDir()
    const file = join(dir, 'users.acl')
    writeFileSync(file, content, { mode: 0o600 })
    const running = await startRedisTs(['--save', '', '--aclfile', 'users.acl'], { dir })
    return { running, file, admin: await connect(running) }
  }

  test('is loaded at the start, written by SAVE and read again by LOAD, which closes connections', async () => {
    const { running, file, admin } = await withFile('user alice on nopass ~* +@all\n')
    expect(texts(await admin.call('ACL', 'USERS'))).toEqual(['alice', 'default'])
    await admin.call('ACL', 'SETUSER', 'bob', 'on', '>x')
    expect(await send(admin, ['ACL', 'SAVE'])).toEqual(['OK'])
    expect(readFileSync(file, 'latin1')).toBe(
      texts(await admin.call('ACL', 'LIST'))
        .map(line => `${line}\n`)
        .join(''),
    )
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(running.dir)).toEqual(['users.acl'])

    const alice = await connect(running)
    await alice.call('AUTH', 'alice', 'x')
    writeFileSync(file, 'user default on nopass -@all +ping\nuser carol on nopass\n')
    expect(await send(alice, ['ACL', 'LOAD'])).toEqual(['OK'])
    await alice.closed()
    expect((await send(admin, ['PING'], ['GET', 'x'])).map(text => text?.slice(0, 6))).toEqual(['PONG', 'NOPERM'])
  })

  test('with errors is not loaded at all, and LOAD says everything that is wrong', async () => {
    const { file, admin } = await withFile('user alice on nopass ~* +@all\n')
    writeFileSync(file, 'user alice off\nuser bob +nosuch\nuser carol %~\n')
    expect(await send(admin, ['ACL', 'LOAD'])).toEqual([
      "ERR users.acl:2: Error in applying operation '+nosuch': Unknown command or category name in ACL. users.acl:3: Syntax error. WARNING: ACL errors detected, no change to the previously active ACL rules was performed",
    ])
    expect(texts(await admin.call('ACL', 'LIST'))[0]).toBe(
      'user alice on nopass sanitize-payload ~* resetchannels +@all',
    )
  })

  test('that is missing or broken keeps the server from starting', async () => {
    const start = (dir: string) =>
      startRedisTs(['--aclfile', 'users.acl'], { dir }).catch((error: Error) => error.message)
    const dir = tempDir()
    expect(await start(dir)).toContain(
      "Aborting Redis startup because of ACL errors: Error loading ACLs, opening file 'users.acl': No such file or directory",
    )
    writeFileSync(join(dir, 'users.acl'), 'user alice nonsense\n')
    expect(await start(dir)).toContain('Aborting Redis startup because of ACL errors: users.acl:1: Syntax error.')
  })

  test('that cannot be written leaves SAVE with an error, and the log with the reason', async () => {
    const { running, file, admin } = await withFile('')
    rmSync(file)
    mkdirSync(file)
    expect((await send(admin, ['ACL', 'SAVE']))[0]).toMatch(/^ERR There was an error trying to save the ACLs/)
    await running.waitForLog('Writing ACL file for ACL SAVE: Is a directory')
    expect(readdirSync(running.dir)).toEqual(['users.acl'])
  })

  test('not configured, is asked for in vain', async () => {
    const admin = await connect()
    for (const text of await send(admin, ['ACL', 'LOAD'], ['ACL', 'SAVE'])) {
      expect(text).toMatch(/^ERR This Redis instance is not configured to use an ACL file/)
    }
  })
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  let stock: RunningServer
  beforeAll(async () => {
    stock = await startRedisServer(['--save', ''])
  })

  // But for users that were not told to sanitize-payload: 7.0 does not show that flag, which is the default, then.
  test('errors and replies are the same', async () => {
    await expectSame(
      await connect(),
      await connect(stock),
      words(
        'acl',
        'acl nosuch',
        'acl whoami',
        'acl whoami x',
        'acl users',
        'acl cat',
        'acl cat nosuch',
        'acl genpass 0',
        'acl genpass -1',
        'acl genpass 4097',
        'acl genpass x',
        'acl log',
        'acl log 3',
        'acl log -5',
        'acl log x',
        'acl log reset',
        'acl load',
        'acl save',
        'acl load x',
        'acl deluser',
        'acl deluser default',
        'acl deluser nobody',
        'acl getuser nobody',
        'acl setuser',
        'acl setuser alice on sanitize-payload >x >y ~a* %R~b* &news',
        'acl getuser alice',
        'acl setuser alice <z',
        'acl setuser alice #123',
        'acl setuser alice +nosuch',
        'acl setuser alice +get|a|b',
        'acl setuser alice +config|nosuch',
        'acl setuser alice +config|get|port',
        'acl setuser alice ~* ~a',
        'acl setuser alice &* &a',
        'acl setuser alice nonsense',
        'acl setuser alice (+nosuch)',
        'acl setuser alice )',
        'acl getuser alice',
        'acl dryrun alice',
        'acl dryrun nobody get x',
        'acl dryrun alice nosuch x',
        'acl dryrun alice get',
        'auth alice x',
        'auth default any',
        'acl whoami',
        'auth alice wrong',
        'hello 3 auth alice wrong',
        'client kill user nobody',
        'acl deluser alice alice',
      ),
    )
  })

  // Redis 7.0 describes commands by rules of its own making and words denials differently, so that of the rules given to
  // both only keys, channels and decisions are compared; and it is given 7.2's description, which has to mean the same to it.
  test('random rules lead to the same decisions, and it reads our descriptions', async () => {
    const ours = await connect()
    const theirs = await connect(stock)
    const same = async (name: string): Promise<void> => {
      const [mine, other] = await Promise.all([ours, theirs].map(client => client.call('ACL', 'GETUSER', name)))
      for (const field of ['keys', 'channels']) expect(fields(mine).get(field)).toEqual(fields(other).get(field))
      const probes = PROBES.map(probe => ['ACL', 'DRYRUN', name, ...probe])
      const [mineSays, otherSays] = await Promise.all([ours, theirs].map(client => send(client, ...probes)))
      expect(mineSays.map(denied)).toEqual(otherSays.map(denied))
    }
    const denied = (text: string | null): string | undefined => /OK|the '.*'|command/.exec(text ?? '')?.[0]
    await fc.assert(
      fc.asyncProperty(fc.array(selectorRule, { maxLength: 8 }), async rules => {
        for (const client of [ours, theirs]) await client.call('ACL', 'SETUSER', 'random', 'reset', 'clearselectors')
        for (const rule of rules) {
          const set = ['ACL', 'SETUSER', 'random', rule]
          expect({ rule, reply: await ours.call(...set) }).toEqual({ rule, reply: await theirs.call(...set) })
        }
        await same('random')
        const line = texts(await ours.call('ACL', 'LIST')).find(text => text.startsWith('user random ')) ?? ''
        const described = ['reset', ...line.split(' ').slice(2)]
        for (const client of [ours, theirs]) {
          expect((await client.call('ACL', 'SETUSER', 'random', ...described)).text).toBe('OK')
        }
        await same('random')
      }),
      { numRuns: 60 },
    )
  })
})
