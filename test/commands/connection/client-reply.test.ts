import { beforeAll, describe, expect, test } from 'vitest'
import { dial, everything, exchange } from '../../fault/wire.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'

const ON = 'CLIENT REPLY ON'
const OFF = 'CLIENT REPLY OFF'
const SKIP = 'CLIENT REPLY SKIP'
/** Shows how replies stand behind what was tried. */
const AFTER = ['ECHO next', 'ECHO over-next', ON, 'ECHO end', 'QUIT']

/** Every sequence of up to `longest` of the words. */
function sequences(words: readonly string[], longest: number): string[][] {
  if (longest === 0) return [[]]
  const shorter = sequences(words, longest - 1)
  const full = shorter.filter(each => each.length === longest - 1)
  return [...shorter, ...full.flatMap(each => words.map(word => [...each, word]))]
}

function talk(port: number, lines: readonly string[]): Promise<string> {
  return exchange(port, [...lines, ''].join('\r\n'))
}

describe('CLIENT REPLY', () => {
  let ours: RunningServer
  beforeAll(async () => {
    ours = await startRedisTs(['--save', ''])
  })

  test.each([
    // OFF cuts EXEC's reply short, and what comes behind it is silent too.
    [['MULTI', 'ECHO a', OFF, 'ECHO b', 'EXEC', 'ECHO c'], '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n$1\r\na\r\n'],
    // The head of the array has gone the way of all that was silent; ON and what is behind it is not.
    [[OFF, 'MULTI', 'ECHO a', ON, 'ECHO b', 'EXEC', 'ECHO c'], '+OK\r\n$1\r\nb\r\n$1\r\nc\r\n'],
    // SKIP concerns what comes behind EXEC, not the transaction's own commands.
    [
      ['MULTI', 'ECHO a', SKIP, 'ECHO b', 'EXEC', 'ECHO c', 'ECHO d'],
      '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nd\r\n',
    ],
    [['MULTI', SKIP, ON, 'EXEC', 'ECHO a', 'ECHO b'], '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\nb\r\n'],
    [['MULTI', 'ECHO a', SKIP, 'EXEC'], '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$1\r\na\r\n'],
    [[SKIP, 'RESET', 'ECHO a'], '$1\r\na\r\n'],
    [[OFF, 'RESET', 'ECHO a'], '+RESET\r\n$1\r\na\r\n'],
    [[OFF, 'MULTI', 'NONSENSE', 'EXEC', 'EXEC', 'DISCARD'], ''],
    [[SKIP, 'EXEC', 'EXEC'], '-ERR EXEC without MULTI\r\n'],
    [[OFF, '*x'], ''],
    [[SKIP, '*x'], ''],
    [[SKIP, 'PING', '*x'], '-ERR Protocol error: invalid multibulk length\r\n'],
    [[OFF, 'MONITOR', 'PING'], ''],
    [['CLIENT REPLY MAYBE', SKIP, 'CLIENT REPLY MAYBE', 'ECHO a'], '-ERR syntax error\r\n$1\r\na\r\n'],
  ])('%j', async (lines, answer) => {
    expect(await talk(ours.port, lines)).toBe(answer)
  })

  test('silences the answer to a command that waited', async () => {
    const lines = [OFF, 'WAIT 1 1', 'ECHO a', ON, SKIP, 'WAIT 1 1', 'ECHO b', 'WAIT 1 1', 'QUIT', '']
    const socket = await dial(ours.port)
    // Not ended: a client that waits and hangs up is gone.
    socket.write(lines.join('\r\n'))
    expect(await everything(socket)).toBe('+OK\r\n$1\r\nb\r\n:0\r\n+OK\r\n')
  })

  test('holds for a monitor as well', async () => {
    const watcher = exchange(
      ours.port,
      'MONITOR\r\nCLIENT REPLY OFF\r\n',
      'PING\r\n',
      'PING\r\n',
      'CLIENT REPLY ON\r\nQUIT\r\n',
    )
    // It sees the command that turns its replies off, but no later one until they are on again.
    expect((await watcher).match(/"[A-Za-z]+"/g)).not.toContain('"PING"')
  })

  describe('is as in redis-server', requireStock('redis-server'), () => {
    let stock: RunningServer
    beforeAll(async () => {
      stock = await startRedisServer(['--save', ''])
    })

    async function expectSame(lines: readonly string[]): Promise<void> {
      const [mine, theirs] = await Promise.all([talk(ours.port, lines), talk(stock.port, lines)])
      expect({ lines, reply: mine }).toEqual({ lines, reply: theirs })
    }

    test('queued in a transaction, in any order, however replies stood before', async () => {
      for (const queued of sequences([ON, OFF, SKIP, 'PING'], 3)) {
        for (const before of [[], [OFF], [SKIP], [OFF, SKIP], [SKIP, SKIP]]) {
          await expectSame([...before, 'MULTI', ...queued, 'EXEC', ...AFTER])
        }
      }
    })

    test('between commands of all kinds', async () => {
      const kinds = [ON, OFF, SKIP, 'NONSENSE', 'GET', 'EXEC', 'MULTI', 'RESET', 'SUBSCRIBE c', 'UNSUBSCRIBE c']
      for (const lines of sequences(kinds, 2)) await expectSame([...lines, 'ECHO x', ...AFTER])
      for (const lines of sequences([OFF, SKIP, 'SUBSCRIBE c', 'UNSUBSCRIBE c', 'WATCH k', ON], 2)) {
        await expectSame(['MULTI', ...lines, 'EXEC', ...AFTER])
      }
    })
  })
})
