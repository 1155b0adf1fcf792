import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../interop/stock.js'
import { RawClient, type RawReply, texts } from './raw-client.js'
import { expectSame, words } from './side-by-side.js'

/** What Redis 7.2.5 says of a command; lists are words in alphabetical order. */
interface Facts {
  arity: number
  flags: string
  /** First key, last key, step. */
  range: string
  categories: string
  tips: string
  /** Each key spec: first, last, step, flags. */
  keys: string[]
}

const facts: Record<string, Facts> = JSON.parse(readFileSync('test/fixtures/command-facts.json', 'utf8'))

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', ''])
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  return () => client.close()
})
afterAll(async () => {
  await server.stop()
})

function sorted(reply: RawReply): string {
  return texts(reply).sort().join(' ')
}

/** The value of a key in a map or a flat array. */
function at(reply: RawReply, key: string): RawReply {
  const elements = reply.elements ?? []
  const i = elements.findIndex(({ text }, index) => index % 2 === 0 && text === key)
  return elements[i + 1]
}

function keySpec(spec: RawReply): string {
  const first = Number(at(at(at(spec, 'begin_search'), 'spec'), 'index').text)
  const range = at(at(spec, 'find_keys'), 'spec')
  const last = Number(at(range, 'lastkey').text)
  return `${first} ${last < 0 ? last : first + last} ${at(range, 'keystep').text} ${sorted(at(spec, 'flags'))}`
}

/** Name and facts of a command and its subcommands. */
function describeCommand(reply: RawReply): [string, Facts][] {
  const [name, arity, flags, first, last, step, categories, tips, keys, subcommands] = reply.elements ?? []
  const own: Facts = {
    arity: Number(arity.text),
    flags: sorted(flags),
    range: `${first.text} ${last.text} ${step.text}`,
    categories: sorted(categories),
    tips: sorted(tips),
    keys: (keys.elements ?? []).map(keySpec),
  }
  return [[name.text ?? '', own], ...(subcommands.elements ?? []).flatMap(describeCommand)]
}

test('COMMAND says of every command what Redis 7.2.5 says', async () => {
  const all = (await client.call('COMMAND')).elements ?? []
  expect(all.length).toBe(Number((await client.call('COMMAND', 'COUNT')).text))
  const ours = Object.fromEntries(all.flatMap(describeCommand))
  const theirs = Object.fromEntries(Object.keys(ours).map(name => [name, facts[name]]))
  expect(ours).toEqual(theirs)
})

test('COMMAND INFO in RESP3 has sets and maps where Redis has them', async () => {
  await client.call('HELLO', '3')
  const [get, missing, sub] = (await client.call('COMMAND', 'INFO', 'GET', 'nonsense', 'config|GET')).elements ?? []
  expect(get.elements?.map(({ type }) => type).join('')).toBe('$:~:::~~~~')
  expect(get.elements?.[8].elements?.[0].type).toBe('%')
  expect(missing.type).toBe('_')
  expect(sub.elements?.[0].text).toBe('config|get')
})

test('COMMAND LIST filters by pattern and category', async () => {
  const list = async (...filter: string[]): Promise<string[]> => texts(await client.call('COMMAND', 'LIST', ...filter))
  expect(await list('FILTERBY', 'PATTERN', 'config|G*')).toEqual(['config|get'])
  expect(await list('FILTERBY', 'MODULE', 'json')).toEqual([])
  expect(await list('FILTERBY', 'ACLCAT', 'nonsense')).toEqual([])
  const transaction = await list('filterby', 'aclcat', 'TRANSACTION')
  expect(transaction.sort()).toEqual(['discard', 'exec', 'multi', 'unwatch', 'watch'])
  expect(await list()).toContain('client|kill')
})

test('COMMAND DOCS documents every command, with arguments that nest', async () => {
  await client.call('HELLO', '3')
  const all = await client.call('COMMAND', 'DOCS')
  expect(all.type).toBe('%')
  expect((all.elements ?? []).length / 2).toBe(Number((await client.call('COMMAND', 'COUNT')).text))
  const docs = await client.call('COMMAND', 'DOCS', 'hello', 'nonsense', 'client')
  expect(docs.elements?.length).toBe(4)
  const hello = at(docs, 'hello')
  expect([at(hello, 'since').text, at(hello, 'group').text]).toEqual(['6.0.0', 'connection'])
  const [block] = at(hello, 'arguments').elements ?? []
  expect([at(block, 'type').text, texts(at(block, 'flags'))]).toEqual(['block', ['optional']])
  expect((at(block, 'arguments').elements ?? []).map(argument => at(argument, 'name').text)).toEqual([
    'protover',
    'auth',
    'clientname',
  ])
  expect(texts(at(at(docs, 'client'), 'subcommands'))).toContain('client|kill')
})

test('COMMAND GETKEYS refuses a command with too few arguments', async () => {
  const { text } = await client.call('COMMAND', 'GETKEYS', 'GET')
  expect(text).toBe('ERR Invalid number of arguments specified for command')
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  let stock: RunningServer
  let theirs: RawClient
  beforeAll(async () => {
    stock = await startRedisServer(['--save', ''])
    theirs = await RawClient.connect(stock.port)
  })

  test('COMMAND GETKEYS and GETKEYSANDFLAGS', () =>
    expectSame(
      client,
      theirs,
      words(
        'command getkeys get k',
        'command getkeys nonsense x',
        'command getkeys ping x',
        'command getkeys mset a 1 b 2 c 3',
        'command getkeys mset a 1 b',
        'command getkeys del a b c',
        'command getkeys rename a b',
        'command getkeys object encoding k',
        'command getkeys object nonsense k',
        'command getkeys config get x',
        'command getkeysandflags set k v',
        'command getkeysandflags set k v get',
        'command getkeysandflags set k v ex 10 GET',
        'command getkeysandflags del a b',
        'command getkeysandflags rename a b',
        'command getkeysandflags hset h f v',
        'command getkeys',
        'command nonsense',
        'command count x',
        'command list filterby',
        'command list filterby pattern',
        'command list filterby nonsense x',
        'command list nonsense',
      ),
    ))
})
