import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Command } from '../../../src/commands/command.js'
import { channelArguments, keyArguments } from '../../../src/commands/command-keys.js'
import { findBitfieldKey, findMigrateKeys, findSetKey } from '../../../src/commands/find-keys.js'
import { KeyArguments } from '../../../src/commands/key-arguments.js'
import {
  CHANNEL_PUBLISH,
  CHANNEL_SUBSCRIBE,
  type CommandSpec,
  countedKeys,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_FLAG_NAMES,
  KEY_INCOMPLETE,
  KEY_NOT_KEY,
  KEY_OW,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  KEY_VARIABLE_FLAGS,
  type KeySpec,
  keyRange,
  OVERWRITE_KEY,
  OVERWRITE_PAIRS,
  READ_ALL_KEYS,
  READ_KEY,
} from '../../../src/commands/spec.js'
import { type Request, requestFromArguments } from '../../../src/resp/request.js'
import { type RunningServer, requireStock, startRedisServer } from '../../interop/stock.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'
import { words } from '../side-by-side.js'

const READ = KEY_RO | KEY_ACCESS
const TAKE = KEY_RW | KEY_ACCESS | KEY_DELETE
const VARY = [keyRange(KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS, 1)]

/** A key behind a keyword, and with `last` -1 all arguments from there on, or their first half. */
function behind(keyword: string, startFrom: number, flags: number, last = 0, limit = 0): KeySpec {
  return { flags, begin: { type: 'keyword', keyword, startFrom }, find: { type: 'range', last, step: 1, limit } }
}

/** Redis's key specs of commands that are found in every way there is. */
const SPECS: Record<string, Pick<CommandSpec, 'keys' | 'findKeys'>> = {
  get: { keys: READ_KEY },
  mget: { keys: READ_ALL_KEYS },
  mset: { keys: OVERWRITE_PAIRS },
  ping: {},
  blpop: { keys: [keyRange(TAKE, 1, -2)] },
  lcs: { keys: [keyRange(READ, 1, 1)] },
  zunion: { keys: [countedKeys(READ, 1)] },
  zunionstore: { keys: [...OVERWRITE_KEY, countedKeys(READ, 2)] },
  georadius: {
    keys: [...READ_KEY, behind('store', 6, KEY_OW | KEY_UPDATE), behind('storedist', 6, KEY_OW | KEY_UPDATE)],
  },
  xread: { keys: [behind('streams', 1, READ, -1, 2)] },
  spublish: { keys: [keyRange(KEY_NOT_KEY, 1)] },
  set: { keys: VARY, findKeys: findSetKey },
  bitfield: { keys: VARY, findKeys: findBitfieldKey },
  migrate: { keys: [keyRange(TAKE, 3), behind('keys', -2, TAKE | KEY_INCOMPLETE, -1)], findKeys: findMigrateKeys },
}

/** Requests, and what Redis 7.2.5 says to COMMAND GETKEYSANDFLAGS. */
const SAMPLES: [request: string, keys: string][] = [
  ['get k', 'k RO access'],
  ['mget a b c', 'a RO access, b RO access, c RO access'],
  ['mset a 1 b 2', 'a OW update, b OW update'],
  ['blpop a b 0', 'a RW access delete, b RW access delete'],
  ['lcs a b LEN', 'a RO access, b RO access'],
  ['zunion 2 a b WITHSCORES', 'a RO access, b RO access'],
  ['zunion 0 a', ''],
  ['zunion 3 a b', ''],
  ['zunion x a b', ''],
  ['zunion -1 a b', ''],
  ['zunionstore d 2 a b', 'd OW update, a RO access, b RO access'],
  ['georadius k 0 0 1 m', 'k RO access'],
  ['georadius k 0 0 1 m STORE d', 'k RO access, d OW update'],
  ['georadius k 0 0 1 m COUNT 1 storedist d', 'k RO access, d OW update'],
  ['georadius k 0 0 1 m WITHDIST STORE', 'k RO access'],
  ['xread COUNT 2 STREAMS a b 0 0', 'a RO access, b RO access'],
  ['xread STREAMS a 0', 'a RO access'],
  ['xread COUNT 2 BLOCK', ''],
  ['set k v', 'k OW update'],
  ['set k get', 'k OW update'],
  ['set k v EX 1 Get', 'k RW access update'],
  ['bitfield k', 'k RO access'],
  ['bitfield k GET u8 0 OVERFLOW SAT GET u8 8', 'k RO access'],
  ['bitfield k GET u8 0 SET u8 0 1', 'k RW access update'],
  ['bitfield k OVERFLOW', 'k RW access update'],
  ['bitfield k nonsense', 'k RW access update'],
  ['migrate h 1 k 0 9', 'k RW access delete'],
  ['migrate h 1 "" 0 9 COPY KEYS a b', 'a RW access delete, b RW access delete'],
  ['migrate h 1 "" 0 9 AUTH keys KEYS a', 'a RW access delete'],
  ['migrate h 1 "" 0 9 AUTH2 keys keys KEYS a', 'a RW access delete'],
  ['migrate h 1 k 0 9 KEYS a b', ''],
]

function commandOf(name: string, more: Partial<CommandSpec>): Command {
  const run = (): void => {}
  return new Command({ name, arity: -2, flags: 0, group: 'generic', since: '1.0.0', summary: '', run, ...more }, null)
}

function requestOf(line: string): Request {
  const [args] = words(line)
  return requestFromArguments(args.map(word => Buffer.from(word === '""' ? '' : word)))
}

const found = new KeyArguments()

/** The keys in `found` and their flags, as the samples have them. */
function shown(args: Request): string {
  return Array.from({ length: found.count }, (_, i) => {
    const flags = KEY_FLAG_NAMES.filter(([bit]) => found.flags[i] & bit).map(([, name]) => name)
    return [args.latin1(found.indexes[i]), ...flags].join(' ')
  }).join(', ')
}

test.each(SAMPLES)('keys of %s', (line, keys) => {
  const name = line.split(' ')[0]
  const args = requestOf(line)
  keyArguments(commandOf(name, SPECS[name]), args, 0, found)
  expect(shown(args)).toBe(keys)
})

test('the keys of a request inside another are found as well', () => {
  for (const [line, keys] of SAMPLES) {
    const name = line.split(' ')[0]
    const args = requestOf(`command getkeys ${line}`)
    keyArguments(commandOf(name, SPECS[name]), args, 2, found)
    expect(`${line}: ${shown(args)}`).toBe(`${line}: ${keys}`)
  }
})

test('more keys than ever before are found', () => {
  const many = Array.from({ length: 5000 }, (_, i) => `k${i}`)
  keyArguments(commandOf('mget', SPECS.mget), requestOf(`mget ${many.join(' ')}`), 0, found)
  expect([found.count, found.indexes[4999], found.flags[4999]]).toEqual([5000, 5000, READ])
})

test('what stands for a key but is none is no key', () => {
  const command = commandOf('spublish', SPECS.spublish)
  expect(command.hasKeys).toBe(false)
  keyArguments(command, requestOf('spublish c m'), 0, found)
  expect(found.count).toBe(0)
})

test('channels are those the command names', () => {
  const publish = commandOf('publish', { channels: { flags: CHANNEL_PUBLISH, index: 1, all: false } })
  const subscribe = commandOf('subscribe', { channels: { flags: CHANNEL_SUBSCRIBE, index: 1, all: true } })
  channelArguments(publish, requestOf('publish c m'), 0, found)
  expect([found.count, found.indexes[0], found.flags[0]]).toEqual([1, 1, CHANNEL_PUBLISH])
  channelArguments(subscribe, requestOf('subscribe a b c'), 0, found)
  expect([found.count, found.indexes[2], found.flags[2]]).toEqual([3, 3, CHANNEL_SUBSCRIBE])
  channelArguments(commandOf('get', SPECS.get), requestOf('get k'), 0, found)
  expect(found.count).toBe(0)
})

test('keys outside one range make a command movablekeys', () => {
  const movable = Object.entries(SPECS).filter(([name, spec]) => commandOf(name, spec).flags !== 0)
  expect(movable.map(([name]) => name)).toEqual(['zunion', 'zunionstore', 'georadius', 'xread', 'migrate'])
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  let stock: RunningServer
  let client: RawClient
  beforeAll(async () => {
    stock = await startRedisServer(['--save', ''])
    client = await RawClient.connect(stock.port)
  })
  afterAll(async () => {
    client.close()
    await stock.stop()
  })

  test('the samples are what it says to COMMAND GETKEYSANDFLAGS', async () => {
    const element = ({ elements }: RawReply): string => {
      const [key, flags] = elements ?? []
      return [key.text, ...texts(flags)].join(' ')
    }
    const said: string[] = []
    for (const [line] of SAMPLES) {
      const reply = await client.call('COMMAND', 'GETKEYSANDFLAGS', ...words(line)[0])
      said.push(`${line}: ${(reply.elements ?? []).map(element).join(', ')}`)
    }
    expect(said).toEqual(SAMPLES.map(([line, keys]) => `${line}: ${keys}`))
  })
})
