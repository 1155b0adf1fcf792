/** Consumer groups: XGROUP, what XREADGROUP gives to consumers, and how far groups are. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { shown } from '../blocking/scene.js'
import { RawClient, texts } from '../raw-client.js'
import { words } from '../side-by-side.js'

let client: RawClient

beforeAll(async () => {
  const { port } = await startRedisTs(['--save', ''])
  client = await RawClient.connect(port)
})
afterAll(() => client.close())
beforeEach(async () => {
  await client.pipeline(words('HELLO 2', 'FLUSHALL'))
})

async function replies(...lines: string[]): Promise<string[]> {
  return (await client.pipeline(words(...lines))).map(shown)
}

async function reply(line: string): Promise<string> {
  return (await replies(line))[0]
}

const fill = (count: number): Promise<string[]> =>
  replies(...Array.from({ length: count }, (_, i) => `XADD s ${i + 1} f ${i + 1}`))

const NO_STREAM =
  '-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.'
const NO_GROUP = "-NOGROUP No such consumer group 'none' for key name 's'"
const ARITY = (name: string): string => `-ERR wrong number of arguments for 'xgroup|${name}' command`
const SYNTAX = (name: string): string =>
  `-ERR unknown subcommand or wrong number of arguments for '${name}'. Try XGROUP HELP.`

describe('XGROUP', () => {
  test('CREATE makes each group once', async () => {
    await fill(3)
    expect(await replies('XGROUP CREATE s g 0', 'xgroup create s g $', 'XGROUP CREATE s h $')).toEqual([
      '+OK',
      '-BUSYGROUP Consumer Group name already exists',
      '+OK',
    ])
    expect(
      await replies('XREADGROUP GROUP g a COUNT 1 STREAMS s >', 'XREADGROUP GROUP h a COUNT 1 STREAMS s >'),
    ).toEqual(['[[s [[1-0 [f 1]]]]]', '*nil'])
  })

  test('CREATE makes a stream with MKSTREAM alone', async () => {
    expect(
      await replies('XGROUP CREATE s g $', 'EXISTS s', 'XGROUP CREATE s g $ MKSTREAM', 'TYPE s', 'XLEN s'),
    ).toEqual([NO_STREAM, ':0', '+OK', '+stream', ':0'])
  })

  test.each([
    ['XGROUP CREATE s g', ARITY('create')],
    ['XGROUP CREATE s g x', '-ERR Invalid stream ID specified as stream command argument'],
    ['XGROUP CREATE s g -', '-ERR Invalid stream ID specified as stream command argument'],
    ['XGROUP CREATE s g 0 OTHER', SYNTAX('CREATE')],
    ['XGROUP CREATE s g 0 ENTRIESREAD', SYNTAX('CREATE')],
    ['XGROUP CREATE s g 0 ENTRIESREAD x', '-ERR value is not an integer or out of range'],
    ['XGROUP CREATE s g 0 ENTRIESREAD -2', '-ERR value for ENTRIESREAD must be positive or -1'],
    ['XGROUP CREATE k g 0', '-WRONGTYPE Operation against a key holding the wrong kind of value'],
    ['XGROUP CREATE k g 0 MKSTREAM', '-WRONGTYPE Operation against a key holding the wrong kind of value'],
    ['XGROUP CREATE t g x MKSTREAM', '-ERR Invalid stream ID specified as stream command argument'],
    ['XGROUP SETID t g 0', NO_STREAM],
    ['XGROUP SETID s none 0', NO_GROUP],
    ['XGROUP SETID s h x', '-ERR Invalid stream ID specified as stream command argument'],
    ['XGROUP SETID s h 0 MKSTREAM', SYNTAX('SETID')],
    ['XGROUP DESTROY t g', NO_STREAM],
    ['XGROUP DESTROY s', ARITY('destroy')],
    ['XGROUP CREATECONSUMER t g c', NO_STREAM],
    ['XGROUP CREATECONSUMER s none c', NO_GROUP],
    ['XGROUP CREATECONSUMER s g', ARITY('createconsumer')],
    ['XGROUP DELCONSUMER t g c', NO_STREAM],
    ['XGROUP DELCONSUMER s none c', NO_GROUP],
    ['XGROUP OTHER s g', "-ERR unknown subcommand 'OTHER'. Try XGROUP HELP."],
    ['XGROUP', "-ERR wrong number of arguments for 'xgroup' command"],
  ])('%s is an error', async (line, error) => {
    await replies('XADD s 1 a b', 'XGROUP CREATE s h 0', 'SET k v')
    expect(await replies(line, 'EXISTS t')).toEqual([error, ':0'])
  })

  test('SETID lets a group read again, or skip', async () => {
    await fill(3)
    const read = 'XREADGROUP GROUP g a NOACK STREAMS s >'
    expect(await replies('XGROUP CREATE s g $', read, 'XGROUP SETID s g 2', read)).toEqual([
      '+OK',
      '*nil',
      '+OK',
      '[[s [[3-0 [f 3]]]]]',
    ])
    expect(
      await replies('XGROUP SETID s g -', `${read}`, 'XGROUP SETID s g +', read, 'XGROUP SETID s g $', read),
    ).toEqual(['+OK', '[[s [[1-0 [f 1]] [2-0 [f 2]] [3-0 [f 3]]]]]', '+OK', '*nil', '+OK', '*nil'])
  })

  test('DESTROY takes the group, and all that is pending with it', async () => {
    await fill(3)
    await replies('XGROUP CREATE s g 0', 'XREADGROUP GROUP g a STREAMS s >')
    expect(await replies('XGROUP DESTROY s g', 'XGROUP DESTROY s g', 'XGROUP CREATE s g 0', 'XPENDING s g')).toEqual([
      ':1',
      ':0',
      '+OK',
      '[:0 $nil $nil *nil]',
    ])
  })

  test('CREATECONSUMER and DELCONSUMER', async () => {
    await fill(3)
    await replies('XGROUP CREATE s g 0')
    expect(
      await replies(
        'XGROUP CREATECONSUMER s g a',
        'XGROUP CREATECONSUMER s g a',
        'XREADGROUP GROUP g a COUNT 2 STREAMS s >',
        'XREADGROUP GROUP g b STREAMS s >',
        'XGROUP DELCONSUMER s g a',
        'XGROUP DELCONSUMER s g a',
        'XPENDING s g',
        'XGROUP DELCONSUMER s g b',
        'XACK s g 1 2 3',
      ),
    ).toEqual([
      ':1',
      ':0',
      '[[s [[1-0 [f 1]] [2-0 [f 2]]]]]',
      '[[s [[3-0 [f 3]]]]]',
      ':2',
      ':0',
      '[:1 3-0 3-0 [[b 1]]]',
      ':1',
      ':0',
    ])
  })

  test('HELP', async () => {
    const lines = texts(await client.call('XGROUP', 'HELP'))
    expect(lines[0]).toBe('XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:')
    for (const name of ['CREATE', 'CREATECONSUMER', 'DELCONSUMER', 'DESTROY', 'SETID']) {
      expect(lines.some(line => line.startsWith(`${name} `))).toBe(true)
    }
  })
})

describe('XREADGROUP', () => {
  beforeEach(async () => {
    await fill(4)
    await replies('XGROUP CREATE s g 0')
  })

  test('gives each entry to one consumer, and again to that one', async () => {
    expect(
      await replies(
        'XREADGROUP GROUP g a COUNT 2 STREAMS s >',
        'XREADGROUP GROUP g b STREAMS s >',
        'XREADGROUP GROUP g a STREAMS s >',
        'XREADGROUP GROUP g a STREAMS s 0',
        'XREADGROUP GROUP g a STREAMS s 1',
        'XREADGROUP GROUP g b COUNT 1 STREAMS s 0',
        'XREADGROUP GROUP g c STREAMS s 0',
      ),
    ).toEqual([
      '[[s [[1-0 [f 1]] [2-0 [f 2]]]]]',
      '[[s [[3-0 [f 3]] [4-0 [f 4]]]]]',
      '*nil',
      '[[s [[1-0 [f 1]] [2-0 [f 2]]]]]',
      '[[s [[2-0 [f 2]]]]]',
      '[[s [[3-0 [f 3]]]]]',
      '[[s []]]',
    ])
  })

  test('shows entries that are pending and gone as null', async () => {
    await replies('XREADGROUP GROUP g a COUNT 3 STREAMS s >', 'XDEL s 2')
    expect(await reply('XREADGROUP GROUP g a STREAMS s 0')).toBe('[[s [[1-0 [f 1]] [2-0 *nil] [3-0 [f 3]]]]]')
    await replies('HELLO 3')
    expect(await reply('XREADGROUP GROUP g a STREAMS s 1')).toBe('[s [[2-0 _] [3-0 [f 3]]]]')
  })

  test('counts how often an entry that is still there was given', async () => {
    await replies('XREADGROUP GROUP g a COUNT 2 STREAMS s >', 'XDEL s 2')
    await replies('XREADGROUP GROUP g a STREAMS s 0', 'XREADGROUP GROUP g a STREAMS s 0')
    const { elements } = await client.call('XPENDING', 's', 'g', '-', '+', '9')
    expect((elements ?? []).map(each => each.elements?.[3].text)).toEqual(['3', '1'])
  })

  test('with NOACK leaves nothing pending', async () => {
    expect(await replies('XREADGROUP GROUP g a NOACK COUNT 3 STREAMS s >', 'XPENDING s g', 'XACK s g 1')).toEqual([
      '[[s [[1-0 [f 1]] [2-0 [f 2]] [3-0 [f 3]]]]]',
      '[:0 $nil $nil *nil]',
      ':0',
    ])
    expect(await reply('XREADGROUP GROUP g b STREAMS s >')).toBe('[[s [[4-0 [f 4]]]]]')
  })

  test('gives what is pending with another one where the group was set back', async () => {
    await replies('XREADGROUP GROUP g a STREAMS s >', 'XGROUP SETID s g 2')
    expect(await replies('XREADGROUP GROUP g b STREAMS s >', 'XPENDING s g')).toEqual([
      '[[s [[3-0 [f 3]] [4-0 [f 4]]]]]',
      '[:4 1-0 4-0 [[a 2] [b 2]]]',
    ])
  })

  test('from several streams, and in RESP3 as a map', async () => {
    await replies('XADD t 1 f 1', 'XGROUP CREATE t g 0', 'XGROUP CREATE u g 0 MKSTREAM')
    const read = 'XREADGROUP GROUP g a COUNT 1 STREAMS s u t > > >'
    expect(await reply(read)).toBe('[[s [[1-0 [f 1]]]] [t [[1-0 [f 1]]]]]')
    await replies('HELLO 3')
    const { elements, type } = await client.call(...read.split(' '))
    expect([type, shown(elements?.[0] ?? { type, text: null, elements }), elements?.length]).toEqual(['%', 's', 2])
    await replies('XREADGROUP GROUP g a STREAMS s >')
    expect(await reply(read)).toBe('_')
  })

  test.each([
    [
      'XREADGROUP GROUP none a STREAMS s >',
      "-NOGROUP No such key 's' or consumer group 'none' in XREADGROUP with GROUP option",
    ],
    [
      'XREADGROUP GROUP g a STREAMS none >',
      "-NOGROUP No such key 'none' or consumer group 'g' in XREADGROUP with GROUP option",
    ],
    ['XREADGROUP GROUP g a STREAMS k >', '-WRONGTYPE Operation against a key holding the wrong kind of value'],
    ['XREADGROUP GROUP g a STREAMS s', "-ERR wrong number of arguments for 'xreadgroup' command"],
    [
      'XREADGROUP GROUP g a STREAMS s t >',
      "-ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.",
    ],
    ['XREADGROUP GROUP g a STREAMS s x', '-ERR Invalid stream ID specified as stream command argument'],
    ['XREADGROUP GROUP g a COUNT x STREAMS s >', '-ERR value is not an integer or out of range'],
    ['XREADGROUP GROUP g a BLOCK -1 STREAMS s >', '-ERR timeout is negative'],
    ['XREADGROUP GROUP g a BLOCK x STREAMS s >', '-ERR timeout is not an integer or out of range'],
    ['XREADGROUP COUNT 1 NOACK NOACK STREAMS s >', '-ERR Missing GROUP option for XREADGROUP'],
    ['XREADGROUP GROUP g a OTHER STREAMS s >', '-ERR syntax error'],
    ['XREADGROUP GROUP g a COUNT 1 NOACK s >', '-ERR syntax error'],
    [
      'XREADGROUP GROUP g a STREAMS s $',
      '-ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.',
    ],
  ])('%s is an error', async (line, error) => {
    await replies('SET k v')
    expect(await reply(line)).toBe(error)
  })
})

describe('entries-read and lag', () => {
  /** entries-read and lag of the group g. */
  async function progress(): Promise<string> {
    const [group] = (await client.call('XINFO', 'GROUPS', 's')).elements ?? []
    const facts = texts(group)
    return ['entries-read', 'lag'].map(name => facts[facts.indexOf(name) + 1]).join(' ')
  }

  test.each<[string, string[], string]>([
    ['a group of an empty stream lags behind nothing', ['XGROUP CREATE s g $ MKSTREAM'], '(null) 0'],
    [
      'a group that begins at the end does not know what was read, but has it all',
      ['XADD s 1 a b', 'XGROUP CREATE s g $'],
      '(null) 0',
    ],
    [
      'one that begins at the start lags behind it all',
      ['XADD s 1 a b', 'XADD s 2 a b', 'XGROUP CREATE s g 0'],
      '(null) 2',
    ],
    [
      'one in the middle does not know',
      ['XADD s 1 a b', 'XADD s 2 a b', 'XADD s 3 a b', 'XGROUP CREATE s g 2'],
      '(null) (null)',
    ],
    [
      'what is said is believed',
      ['XADD s 1 a b', 'XADD s 2 a b', 'XADD s 3 a b', 'XGROUP CREATE s g 2 ENTRIESREAD 2'],
      '2 1',
    ],
    [
      'reading counts',
      [
        'XADD s 1 a b',
        'XADD s 2 a b',
        'XADD s 3 a b',
        'XGROUP CREATE s g 0',
        'XREADGROUP GROUP g a COUNT 2 STREAMS s >',
      ],
      '2 1',
    ],
    [
      'a deletion behind what was read makes the lag unknown',
      [
        ...['XADD s 1 a b', 'XADD s 2 a b', 'XADD s 3 a b', 'XADD s 4 a b', 'XGROUP CREATE s g 0'],
        ...['XREADGROUP GROUP g a COUNT 1 STREAMS s >', 'XDEL s 3'],
      ],
      '1 (null)',
    ],
    [
      'reading on to the end makes it known again',
      [
        ...['XADD s 1 a b', 'XADD s 2 a b', 'XADD s 3 a b', 'XADD s 4 a b', 'XGROUP CREATE s g 0'],
        ...['XREADGROUP GROUP g a COUNT 1 STREAMS s >', 'XDEL s 3', 'XREADGROUP GROUP g a STREAMS s >'],
      ],
      '4 0',
    ],
    [
      'deletions of what was read do not matter',
      [
        ...['XADD s 1 a b', 'XADD s 2 a b', 'XADD s 3 a b', 'XADD s 4 a b', 'XGROUP CREATE s g 0'],
        ...['XREADGROUP GROUP g a COUNT 2 STREAMS s >', 'XDEL s 1'],
      ],
      '2 2',
    ],
    [
      'what is trimmed counts as yet to be read: a trim is no deletion',
      [
        ...['XADD s 1 a b', 'XADD s 2 a b', 'XADD s 3 a b', 'XADD s 4 a b', 'XGROUP CREATE s g 0'],
        ...['XREADGROUP GROUP g a COUNT 1 STREAMS s >', 'XTRIM s MAXLEN 1'],
      ],
      '1 3',
    ],
    [
      'SETID forgets',
      ['XADD s 1 a b', 'XADD s 2 a b', 'XADD s 3 a b', 'XGROUP CREATE s g 2 ENTRIESREAD 2', 'XGROUP SETID s g 2'],
      '(null) (null)',
    ],
  ])('%s', async (_, lines, expected) => {
    await replies(...lines)
    expect(await progress()).toBe(expected)
  })
})
