import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, texts } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.'

let open: RunningServer
let locked: RunningServer

beforeAll(async () => {
  ;[open, locked] = await Promise.all([
    startRedisTs(['--save', '']),
    startRedisTs(['--save', ''], { config: 'requirepass "pass\\xffword"\n' }),
  ])
})

async function withClient(server: RunningServer, use: (client: RawClient) => Promise<void>): Promise<void> {
  const client = await RawClient.connect(server.port)
  await use(client).finally(() => client.close())
}

describe('beside stock Redis', requireStock('redis-server'), () => {
  let stock: RunningServer
  beforeAll(async () => {
    stock = await startRedisServer(['--save', ''])
  })

  const same = async (...lines: string[]): Promise<void> => {
    const ours = await RawClient.connect(open.port)
    const theirs = await RawClient.connect(stock.port)
    await expectSame(ours, theirs, words(...lines)).finally(() => {
      ours.close()
      theirs.close()
    })
  }

  test('PING and ECHO', () => same('ping', 'ping x', 'ping x y', 'echo', 'echo a', 'echo a b', 'PING ""'))

  test('SELECT takes the numbers of databases only', () =>
    same('select 0', 'select 15', 'select 16', 'select -1', 'select x', 'select 99999999999', 'select 01', 'select'))

  test('AUTH without a password to compare with', () =>
    same('auth', 'auth x', 'auth default x', 'auth other x', 'auth a b c', 'auth DEFAULT x'))

  test('HELLO names what is wrong with it', () =>
    same(
      'hello x',
      'hello 1',
      'hello 4',
      'hello 3 nonsense',
      'hello 3 auth default',
      'hello 3 setname',
      'hello 3 setname a\nb',
      'hello 3 auth other x',
      'hello -2',
      'hello 3 AUTH default any extra',
    ))

  test('RESET outside and inside a transaction', () =>
    same('multi', 'reset', 'exec', 'client setname n', 'reset', 'client getname', 'reset x'))
})

test('HELLO describes the server as a map in RESP3 and as an array in RESP2', () =>
  withClient(open, async client => {
    const id = (await client.call('CLIENT', 'ID')).text
    const fields = (proto: string) =>
      ['server', 'redis', 'version', '7.2.5', 'proto', proto, 'id', id, 'mode', 'standalone'].concat(
        'role',
        'master',
        'modules',
        '(null)',
      )
    const three = await client.call('HELLO', '3', 'SETNAME', 'me')
    expect([three.type, texts(three)]).toEqual(['%', fields('3')])
    expect((await client.call('CLIENT', 'GETNAME')).text).toBe('me')
    expect((await client.call('HELLO')).type).toBe('%')
    const two = await client.call('HELLO', '2')
    expect([two.type, texts(two)]).toEqual(['*', fields('2')])
  }))

test('nothing but the greeting is answered before the password, whatever bytes it has', () =>
  withClient(locked, async client => {
    const replies = await client.pipeline([
      ['GET', 'k'],
      ['HELLO', '3'],
      ['AUTH', 'pass'],
      ['AUTH', 'default', 'pass\xfe'],
      ['AUTH', 'other', 'pass\xffword'],
      ['GET', 'k'],
      ['AUTH', 'pass\xffword'],
      ['GET', 'k'],
      ['AUTH', 'wrong'],
      ['GET', 'k'],
    ])
    expect(replies.map(({ text }) => text?.split(' ')[0])).toEqual([
      'NOAUTH',
      'NOAUTH',
      'WRONGPASS',
      'WRONGPASS',
      'WRONGPASS',
      'NOAUTH',
      'OK',
      undefined,
      'WRONGPASS',
      undefined,
    ])
    expect(replies[2].text).toBe(WRONG_PASSWORD)
    expect((await client.call('RESET')).text).toBe('RESET')
    expect((await client.call('PING')).text).toBe('NOAUTH Authentication required.')
  }))

test('a HELLO with an error behind the name does not set it', () =>
  withClient(open, async client => {
    expect((await client.call('HELLO', '3', 'SETNAME', 'n', 'extra')).text).toBe(
      "ERR Syntax error in HELLO option 'extra'",
    )
    expect((await client.call('CLIENT', 'GETNAME')).text).toBeNull()
  }))

test('a HELLO whose AUTH fails changes neither protocol nor name', () =>
  withClient(locked, async client => {
    expect((await client.call('HELLO', '3', 'AUTH', 'default', 'no', 'SETNAME', 'n')).text).toBe(WRONG_PASSWORD)
    expect((await client.call('AUTH', 'pass\xffword')).text).toBe('OK')
    expect((await client.call('CLIENT', 'GETNAME')).type).toBe('$')
    expect((await client.call('HELLO', '3', 'AUTH', 'default', 'pass\xffword')).type).toBe('%')
  }))

test('QUIT answers what came before it, then OK, then closes', async () => {
  const socket = connect(open.port, '127.0.0.1')
  const received: Buffer[] = []
  socket.on('data', (data: Buffer) => received.push(data))
  socket.write('PING\r\nMULTI\r\nQUIT\r\nPING\r\n')
  await new Promise(resolve => socket.once('close', resolve))
  expect(Buffer.concat(received).toString()).toBe('+PONG\r\n+OK\r\n+OK\r\n')
})

test('SELECT inside EXEC holds for the commands behind it', () =>
  withClient(open, async client => {
    await client.pipeline([['MULTI'], ['SELECT', '5'], ['SET', 'in-five', 'x'], ['EXEC'], ['SELECT', '0']])
    expect((await client.call('EXISTS', 'in-five')).text).toBe('0')
    await client.call('SELECT', '5')
    expect((await client.call('EXISTS', 'in-five')).text).toBe('1')
  }))

afterAll(async () => {
  await Promise.all([open.stop(), locked.stop()])
})
