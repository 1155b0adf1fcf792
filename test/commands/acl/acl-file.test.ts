import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type RunningServer, type StartOptions, startRedisTs, tempDir } from '../../interop/stock.js'
import { AclServer, send } from '../acl-server.js'
import { type RawClient, texts } from '../raw-client.js'

const acl = new AclServer()

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
    const client = await acl.connect(running)
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
    const now = texts(await (await acl.connect(again)).call('ACL', 'LIST'))
    expect(now).toEqual([list[0], 'user carol off sanitize-payload resetchannels -@all +get', list[2]])
  })

  test('with a line that makes no user ends the start, with its place', async () => {
    const text = await refusal({ config: 'hz 10\nuser alice on +nosuch\n' })
    expect(text).toMatch(/at line 2\n>>> 'user alice on \+nosuch'\n.*Unknown command .*\n\(in .*redis\.conf\)/)
  })

  test('has no users beside an ACL file', async () => {
    expect(await refusal({ config: 'aclfile u.acl\nuser alice on\n' })).toContain(
      'please define either an ACL file or declare users directly in your redis.conf, but not both',
    )
  })
})

describe('an ACL file', () => {
  async function withFile(content: string): Promise<{ running: RunningServer; file: string; admin: RawClient }> {
    const dir = tempDir()
    const file = join(dir, 'users.acl')
    writeFileSync(file, content, { mode: 0o600 })
    const running = await startRedisTs(['--save', '', '--aclfile', 'users.acl'], { dir })
    return { running, file, admin: await acl.connect(running) }
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

    const alice = await acl.connect(running)
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
    const admin = await acl.connect()
    for (const text of await send(admin, ['ACL', 'LOAD'], ['ACL', 'SAVE'])) {
      expect(text).toMatch(/^ERR This Redis instance is not configured to use an ACL file/)
    }
  })
})
