import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort, type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', ''])
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  await client.call('CLIENT', 'KILL', 'SKIPME', 'yes')
  return () => client.close()
})
afterAll(async () => {
  await server.stop()
})

/** The fields of a line of CLIENT LIST. */
function fieldsOf(line: string): Map<string, string> {
  return new Map(
    line
      .trimEnd()
      .split(' ')
      .map(field => {
        const at = field.indexOf('=')
        return [field.slice(0, at), field.slice(at + 1)]
      }),
  )
}

/** Sends lines in one write; resolves with all that comes until the server closes. */
async function talk(socket: Socket, lines: string[]): Promise<string> {
  const received: Buffer[] = []
  socket.on('data', (data: Buffer) => received.push(data))
  socket.write(`${lines.join('\r\n')}\r\n`)
  await new Promise(resolve => socket.once('close', resolve))
  return Buffer.concat(received).toString()
}

async function info(of: RawClient = client): Promise<Map<string, string>> {
  return fieldsOf((await of.call('CLIENT', 'INFO')).text ?? '')
}

async function idOf(of: RawClient): Promise<string> {
  return (await of.call('CLIENT', 'ID')).text ?? ''
}

describe('beside stock Redis', requireStock('redis-server'), () => {
  let stock: RunningServer
  let theirs: RawClient
  beforeAll(async () => {
    stock = await startRedisServer(['--save', ''])
    theirs = await RawClient.connect(stock.port)
  })

  test('names', () =>
    expectSame(client, theirs, [
      ...words('client getname', 'client setname a', 'client getname', 'CLIENT SETNAME ""', 'client getname'),
      ...words('client setname', 'client nonsense', 'client', 'client getname x', 'client id x'),
      ['client', 'setname', 'a b'],
      ['client', 'setname', 'a\nb'],
      ['client', 'setname', '\xff'],
    ]))

  test('what is wrong with CLIENT LIST, KILL, REPLY, NO-EVICT', () =>
    expectSame(
      client,
      theirs,
      words(
        'client list type',
        'client list type nonsense',
        'client list id',
        'client list id x',
        'client list nonsense',
        'client list id 99999999',
        'client list type pubsub',
        'client list type master',
        'client list type slave',
        'client kill',
        'client kill 1.2.3.4:5',
        'client kill id',
        'client kill id x',
        'client kill id 0',
        'client kill id -1',
        'client kill id 10 x',
        'client kill type nonsense',
        'client kill user nobody',
        'client kill skipme maybe',
        'client kill id 999999 type normal',
        'client kill addr 1.2.3.4:5 laddr 1.2.3.4:5',
        'client kill type replica',
        'client kill nonsense x',
        'client reply',
        'client reply nonsense',
        'client no-evict on',
        'client no-evict OFF',
        'client no-evict x',
        'client getredir',
        'client trackinginfo',
      ),
    ))

  test('the line of CLIENT INFO has the same fields in the same order, and two more of Redis 7.2', async () => {
    const names = [...(await info()).keys()]
    expect(names).toEqual([...(await info(theirs)).keys(), 'lib-name', 'lib-ver'])
    const [ours, reference] = [await info(), await info(theirs)]
    for (const name of ['name', 'flags', 'db', 'multi', 'qbuf', 'argv-mem', 'events', 'cmd', 'user', 'redir', 'resp']) {
      expect([name, ours.get(name)]).toEqual([name, reference.get(name)])
    }
  })
})

test('CLIENT INFO says where a connection comes from and goes to', async () => {
  const fields = await info()
  expect(fields.get('laddr')).toBe(`127.0.0.1:${server.port}`)
  expect(fields.get('addr')).toMatch(/^127\.0\.0\.1:\d+$/)
  expect(Number(fields.get('fd'))).toBeGreaterThan(2)
})

test('flags show a transaction, a changed watched key, and what CLIENT NO-EVICT and NO-TOUCH set', async () => {
  expect((await info()).get('flags')).toBe('N')
  await client.call('CLIENT', 'NO-EVICT', 'on')
  await client.call('CLIENT', 'NO-TOUCH', 'on')
  expect((await info()).get('flags')).toBe('eT')
  await client.pipeline([['WATCH', 'k'], ['SET', 'k', '1'], ['MULTI'], ['PING'], ['ECHO', 'four']])
  const other = await RawClient.connect(server.port)
  const lines = (await other.call('CLIENT', 'LIST')).text?.split('\n') ?? []
  const line = fieldsOf(lines.find(text => text.startsWith(`id=${fieldsOf(lines[0]).get('id')} `)) ?? '')
  expect([line.get('flags'), line.get('multi'), line.get('multi-mem'), line.get('cmd')]).toEqual([
    'xdeT',
    '2',
    '12',
    'echo',
  ])
  other.close()
})

describe('with 300 other clients', () => {
  let others: RawClient[]
  beforeEach(async () => {
    others = await Promise.all(Array.from({ length: 300 }, () => RawClient.connect(server.port)))
    await Promise.all(others.map(other => other.call('PING')))
    return () => {
      for (const other of others) other.close()
    }
  })

  test('CLIENT LIST shows each of them once, and its own client as it was; what comes behind waits for it', async () => {
    for (const protocol of ['2', '3']) {
      await client.call('HELLO', protocol)
      const id = await idOf(client)
      const [list, pong] = await client.pipeline([
        ['CLIENT', 'LIST'],
        ['PING', 'behind'],
      ])
      expect(list.type).toBe(protocol === '2' ? '$' : '=')
      expect(pong.text).toBe('behind')
      const text = (list.text ?? '').replace(/^txt:/, '')
      const lines = text.split('\n').slice(0, -1).map(fieldsOf)
      expect(new Set(lines.map(line => line.get('id'))).size).toBe(301)
      const own = lines.find(line => line.get('id') === id)
      expect([own?.get('flags'), own?.get('cmd'), own?.get('qbuf')]).toEqual(['N', 'client|list', '26'])
    }
  })

  test('CLIENT LIST in a transaction is one reply among others', async () => {
    const [, , , exec] = await client.pipeline([['MULTI'], ['CLIENT', 'LIST'], ['PING'], ['EXEC']])
    expect(exec.elements?.[0].text?.match(/^id=/gm)?.length).toBe(301)
    expect(exec.elements?.[1].text).toBe('PONG')
  })

  test('CLIENT KILL takes them all off the list at once', async () => {
    const [killed, list] = await client.pipeline([
      ['CLIENT', 'KILL', 'TYPE', 'normal'],
      ['CLIENT', 'LIST'],
    ])
    expect(killed.text).toBe('300')
    expect(list.text?.match(/^id=/gm)?.length).toBe(1)
    await Promise.all(others.map(other => other.closed()))
  })
})

test('RESET makes a connection as it was at first', async () => {
  const settings = async () => {
    const fields = await info()
    return ['name', 'flags', 'db', 'sub', 'psub', 'ssub', 'multi', 'redir', 'resp', 'user'].map(name =>
      fields.get(name),
    )
  }
  const atFirst = await settings()
  await client.pipeline([
    ['HELLO', '3', 'SETNAME', 'somebody'],
    ['SELECT', '5'],
    ['CLIENT', 'NO-EVICT', 'on'],
    ['CLIENT', 'NO-TOUCH', 'on'],
    ['CLIENT', 'TRACKING', 'on', 'BCAST'],
    ['SUBSCRIBE', 'channel'],
    ['PSUBSCRIBE', 'pattern*'],
    ['SSUBSCRIBE', 'shard'],
  ])
  expect(await settings()).toEqual(['somebody', 'PtBeT', '5', '1', '1', '1', '-1', '0', '3', 'default'])
  await client.pipeline([['WATCH', 'k'], ['SET', 'k', 'v'], ['MULTI'], ['PING'], ['RESET']])
  expect(await settings()).toEqual(atFirst)
})

test('CLIENT REPLY OFF silences a transaction as well, with all that is queued', async () => {
  client.write(
    ['CLIENT', 'REPLY', 'OFF'],
    ['MULTI'],
    ['SET', 'silenced', '1'],
    ['nonsense'],
    ['EXEC'],
    ['MULTI'],
    ['INCR', 'silenced'],
    ['EXEC'],
  )
  expect((await client.call('CLIENT', 'REPLY', 'ON')).text).toBe('OK')
  expect((await client.call('GET', 'silenced')).text).toBe('1')
})

test('a library introduces itself, and RESET does not forget it', async () => {
  expect((await client.call('CLIENT', 'SETINFO', 'LIB-NAME', 'redis.py')).text).toBe('OK')
  expect((await client.call('CLIENT', 'SETINFO', 'lib-ver', '1.2.3')).text).toBe('OK')
  expect((await client.call('CLIENT', 'SETINFO', 'Lib-Name', 'a b')).text).toBe(
    'ERR Lib-Name cannot contain spaces, newlines or special characters.',
  )
  expect((await client.call('CLIENT', 'SETINFO', 'badger', 'x')).text).toBe("ERR Unrecognized option 'badger'")
  await client.call('RESET')
  const fields = await info()
  expect([fields.get('lib-name'), fields.get('lib-ver')]).toEqual(['redis.py', '1.2.3'])
})

test('CLIENT LIST shows all, those of a type, or those asked for by id, in that order', async () => {
  const second = await RawClient.connect(server.port)
  const [a, b] = [await idOf(client), await idOf(second)]
  const ids = async (...filter: string[]): Promise<string[]> => {
    const { text } = await client.call('CLIENT', 'LIST', ...filter)
    return (text ?? '').split('\n').flatMap(line => (line === '' ? [] : [fieldsOf(line).get('id') ?? '']))
  }
  expect(await ids()).toEqual([a, b])
  expect(await ids('TYPE', 'normal')).toEqual([a, b])
  expect(await ids('TYPE', 'replica')).toEqual([])
  expect(await ids('ID', b, '123456', a, b)).toEqual([b, a, b])
  second.close()
})

test('CLIENT KILL closes those whom all filters match, and answers even when it is the caller', async () => {
  const [second, third] = [await RawClient.connect(server.port), await RawClient.connect(server.port)]
  const address = (await info(second)).get('addr') ?? ''
  const kill = async (...filter: string[]): Promise<string | null> =>
    (await client.call('CLIENT', 'KILL', ...filter)).text
  expect(await kill('ADDR', address, 'ID', await idOf(third))).toBe('0')
  expect(await kill(address)).toBe('OK')
  expect(await kill(address)).toBe('ERR No such client')
  expect(await kill('LADDR', `127.0.0.1:${server.port}`, 'USER', 'default', 'TYPE', 'normal')).toBe('1')
  expect(await kill('ID', await idOf(client))).toBe('0')
  expect(await kill('ID', await idOf(client), 'SKIPME', 'no')).toBe('1')
  third.close()
})

test('CLIENT REPLY OFF silences all but ON, SKIP the next one', async () => {
  const requests = [
    'CLIENT REPLY SKIP',
    'ECHO skipped',
    'ECHO first',
    'CLIENT REPLY OFF',
    'ECHO silent',
    'NONSENSE',
    'CLIENT REPLY SKIP',
    'ECHO still-silent',
    'CLIENT REPLY ON',
    'CLIENT REPLY SKIP',
    'NONSENSE',
    'ECHO last',
    'QUIT',
  ]
  expect(await talk(connect(server.port, '127.0.0.1'), requests)).toBe('$5\r\nfirst\r\n+OK\r\n$4\r\nlast\r\n+OK\r\n')
})

test('CLIENT HELP lists the subcommands that there are', async () => {
  const help = (await client.call('CLIENT', 'HELP')).elements?.map(({ text }) => text) ?? []
  expect(help[0]).toBe('CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:')
  expect(help).toContain('SETNAME <connection-name>')
  expect(help.slice(-2)).toEqual(['HELP', '    Print this help.'])
})

test('a client on a Unix socket has its path as address', async () => {
  const dir = server.dir
  const unix = await startRedisTs(['--save', '', '--unixsocket', `${dir}/socket`], { port: await freePort() })
  const reply = await talk(connect(`${dir}/socket`), ['CLIENT INFO', 'QUIT'])
  const fields = fieldsOf(reply.split('\r\n')[1])
  expect([fields.get('addr'), fields.get('flags')]).toEqual([`${dir}/socket:0`, 'U'])
  await unix.stop()
})
