/** The filters of CLIENT KILL and CLIENT LIST beyond Redis 7.2: those of Valkey 9. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, startRedisTs } from '../../interop/stock.js'
import { shown } from '../play.js'
import { RawClient } from '../raw-client.js'

let server: RunningServer
let admin: RawClient
/** Clients by what they are called here, and their numbers. */
const crowd = new Map<string, RawClient>()
const ids = new Map<string, string>()
const names = new Map<string, string>()

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--databases', '4'])
  const setUp: Record<string, string[][]> = {
    plain: [['PING']],
    worker: [
      ['CLIENT', 'SETNAME', 'worker'],
      ['SELECT', '3'],
      ['CLIENT', 'NO-EVICT', 'on'],
    ],
    library: [
      ['CLIENT', 'SETINFO', 'LIB-NAME', 'some-lib'],
      ['CLIENT', 'SETINFO', 'lib-ver', '1.2.3'],
      ['CLIENT', 'CAPA', 'redirect'],
    ],
    listener: [['SUBSCRIBE', 'channel']],
    evicted: [
      ['CLIENT', 'NO-EVICT', 'on'],
      ['CLIENT', 'NO-TOUCH', 'on'],
    ],
    other: [
      ['ACL', 'SETUSER', 'someone', 'on', 'nopass', '+@all', '~*'],
      ['AUTH', 'someone', ''],
    ],
  }
  admin = await RawClient.connect(server.port)
  await enter('admin', admin)
  for (const [name, commands] of Object.entries(setUp)) {
    const client = await RawClient.connect(server.port)
    await enter(name, client)
    await client.pipeline(commands)
  }
})
afterAll(async () => {
  for (const client of crowd.values()) client.close()
  await server.stop()
})

async function enter(name: string, client: RawClient): Promise<void> {
  crowd.set(name, client)
  const id = (await client.call('CLIENT', 'ID')).text ?? ''
  ids.set(name, id)
  names.set(id, name)
}

/** Who is on the list, or the error. A word with a dollar sign is that client's number. */
async function listed(filters: string): Promise<string> {
  const reply = await admin.call('CLIENT', 'LIST', ...words(filters))
  if (reply.type === '-') return shown(reply)
  const lines = (reply.text ?? '').split('\n').slice(0, -1)
  return lines.map(line => names.get(/^id=(\d+) /.exec(line)?.[1] ?? '') ?? '?').join(' ')
}

function words(line: string): string[] {
  return line
    .split(' ')
    .map(word => (word.startsWith('$') ? (ids.get(word.slice(1)) ?? word) : word === '""' ? '' : word))
}

const EVERYBODY = 'admin plain worker library listener evicted other'

test('CLIENT LIST without filters lists everybody, whatever the request before it had', async () => {
  await admin.call('CLIENT', 'LIST', 'ID', ids.get('worker') ?? '')
  const { text } = await admin.call('CLIENT', 'LIST')
  expect(text?.match(/^id=/gm)?.length).toBe(crowd.size)
})

test.each([
  ['id $worker $plain type normal', 'plain worker'],
  ['id $worker $plain', 'worker plain'],
  ['type normal id $worker $listener', 'worker'],
  ['not-id $worker $plain $admin', 'library listener evicted other'],
  ['type pubsub', 'listener'],
  ['type primary', ''],
  ['not-type pubsub', 'admin plain worker library evicted other'],
  ['user someone', 'other'],
  ['not-user someone', 'admin plain worker library listener evicted'],
  ['skipme yes', 'plain worker library listener evicted other'],
  ['skipme no', EVERYBODY],
  ['name worker', 'worker'],
  ['not-name worker skipme yes', 'plain library listener evicted other'],
  ['name ""', ''],
  ['lib-name some-lib lib-ver 1.2.3', 'library'],
  ['lib-name some-lib lib-ver 1', ''],
  ['not-lib-name some-lib', 'admin plain worker listener evicted other'],
  ['not-lib-ver 1.2.3 db 0', 'admin plain listener evicted other'],
  ['db 3', 'worker'],
  ['not-db 0', 'worker'],
  ['flags e', 'worker evicted'],
  ['flags Te', 'evicted'],
  ['flags N', 'admin plain library other'],
  ['not-flags e flags N skipme yes', 'plain library other'],
  ['not-flags eT', 'admin plain worker library listener other'],
  ['flags M', ''],
  ['capa r', 'library'],
  ['not-capa r', 'admin plain worker listener evicted other'],
  ['ip 127.0.0.1', EVERYBODY],
  ['ip 127.0.0.', ''],
  ['not-ip 127.0.0.1', ''],
  ['laddr 127.0.0.1:1', ''],
  ['maxage 100000', ''],
  ['idle 100000', ''],
  ['flags e flags N', 'admin plain library other'],
])('CLIENT LIST %s', async (filters, expected) => {
  expect(await listed(filters)).toBe(expected)
})

test.each([
  ['id $plain nonsense x', '-ERR Invalid client ID'],
  ['type normal id 0', '-ERR client-id should be greater than 0'],
  ['type normal nonsense x', '-ERR syntax error'],
  ['type normal name', '-ERR syntax error'],
  ['not-maxage 1', '-ERR syntax error'],
  ['not-skipme yes', '-ERR syntax error'],
  ['not-not-id 1', '-ERR syntax error'],
  ['skipme maybe', '-ERR syntax error'],
  ['not-type nonsense', "-ERR Unknown client type 'nonsense'"],
  ['not-user nobody', "-ERR No such user 'nobody'"],
  ['user nobody', "-ERR No such user 'nobody'"],
  ['maxage x', '-ERR maxage is not an integer or out of range'],
  ['maxage 0', '-ERR maxage should be greater than 0'],
  ['idle 1.5', '-ERR idle is not an integer or out of range'],
  ['idle -1', '-ERR idle should be greater than 0'],
  ['flags NX', '-ERR Unknown flags found in the provided filter: NX'],
  ['not-flags ?', '-ERR Unknown flags found in the NOT-FLAGS filter: ?'],
  ['capa rx', '-ERR Unknown capa found in the provided filter: rx'],
  ['not-capa x', '-ERR Unknown capa found in the NOT-CAPA filter: x'],
  ['db x', '-ERR DB is not an integer or out of range'],
  ['db 4', '-ERR DB number should be between 0 and 3'],
  ['not-db -1', '-ERR NOT-DB number should be between 0 and 3'],
])('CLIENT LIST and CLIENT KILL refuse %s', async (filters, error) => {
  expect(await listed(filters)).toBe(error)
  const killed = shown(await admin.call('CLIENT', 'KILL', 'skipme', 'yes', ...words(filters)))
  expect(killed).toBe(error.includes('Invalid') ? '-ERR syntax error' : error)
})

test('CLIENT INFO shows capabilities of clients that have some', async () => {
  expect((await crowd.get('library')?.call('CLIENT', 'INFO'))?.text).toMatch(/ flags=N capa=r db=0 /)
  expect((await admin.call('CLIENT', 'INFO')).text).toMatch(/ flags=N db=0 /)
  expect(shown(await admin.call('CLIENT', 'CAPA'))).toBe("-ERR wrong number of arguments for 'client|capa' command")
  expect(shown(await admin.call('CLIENT', 'CAPA', 'unheard-of'))).toBe('+OK')
  expect((await admin.call('CLIENT', 'INFO')).text).not.toContain('capa=')
})

describe('CLIENT KILL', () => {
  let victims: RawClient[]
  beforeEach(async () => {
    victims = await Promise.all([1, 2, 3].map(() => RawClient.connect(server.port)))
    for (const victim of victims) await victim.call('CLIENT', 'SETNAME', 'victim')
    return () => {
      for (const victim of victims) victim.close()
    }
  })

  test('closes those that all filters mean', async () => {
    expect(shown(await admin.call('CLIENT', 'KILL', 'NAME', 'victim', 'DB', '1'))).toBe(':0')
    await victims[0].call('SELECT', '1')
    expect(shown(await admin.call('CLIENT', 'KILL', 'NAME', 'victim', 'DB', '1'))).toBe(':1')
    await victims[0].closed()
    expect(shown(await admin.call('CLIENT', 'KILL', 'NAME', 'victim', 'NOT-DB', '1'))).toBe(':2')
    await Promise.all(victims.map(victim => victim.closed()))
  })

  test('takes several numbers', async () => {
    const [first, second] = await Promise.all(
      victims.map(async victim => (await victim.call('CLIENT', 'ID')).text ?? ''),
    )
    expect(shown(await admin.call('CLIENT', 'KILL', 'ID', first, second, '9999999', 'SKIPME', 'no'))).toBe(':2')
    await victims[1].closed()
    expect(shown(await victims[2].call('PING'))).toBe('+PONG')
  })

  test('with MAXAGE closes what has been there that long', async () => {
    expect(shown(await admin.call('CLIENT', 'KILL', 'NAME', 'victim', 'MAXAGE', '100'))).toBe(':0')
    const isOld = async (victim: RawClient): Promise<boolean> =>
      / age=[1-9]/.test((await victim.call('CLIENT', 'INFO')).text ?? '')
    for (const victim of victims) while (!(await isOld(victim))) await admin.call('PING')
    expect(shown(await admin.call('CLIENT', 'KILL', 'NAME', 'victim', 'MAXAGE', '1'))).toBe(':3')
  })
})
