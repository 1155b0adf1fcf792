import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { changedSince70 } from '../changed-since-7.0.js'
import { at, type CommandFacts, commandFacts } from '../command-facts.js'
import { asOf72, laterFacts, recordedFacts } from '../later-facts.js'
import { RawClient, texts } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

/** What Redis 7.2.5 says of each of its commands. */
const facts: Record<string, CommandFacts> = JSON.parse(readFileSync('test/fixtures/command-facts.json', 'utf8'))

/** What can be compared between versions: arguments have got better names. */
const FIELDS = [
  'arity',
  'flags',
  'range',
  'categories',
  'tips',
  'keys',
  'since',
  'group',
  'docFlags',
  'deprecatedSince',
  'history',
  'prose',
] as const

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

test('the facts are those of all commands', () => {
  expect(Object.keys(facts).filter(name => !name.includes('|')).length).toBe(241)
})

test('COMMAND and COMMAND DOCS say of every command of Redis 7.2.5 what that says, but for options that came later', async () => {
  const ours = Object.entries(await commandFacts(client)).filter(([name]) => name in facts)
  const theirs = Object.fromEntries(ours.map(([name]) => [name, facts[name]]))
  expect(Object.fromEntries(ours.map(([name, fact]) => [name, asOf72(name, fact)]))).toEqual(theirs)
})

test('COMMAND says of every later command what Redis 8 or Valkey 9 says', async () => {
  const later = Object.entries(await commandFacts(client)).filter(([name]) => !(name in facts))
  expect(later.length).toBeGreaterThan(0)
  for (const [name, fact] of later) {
    const ours = laterFacts(fact)
    // Of subcommands it was not recorded since when they are there.
    const theirs = recordedFacts(name).map(({ since = ours.since, ...told }) => ({ ...told, since }))
    expect({ [name]: theirs }).toEqual({ [name]: expect.arrayContaining([ours]) })
  }
})

test('COMMAND and COMMAND DOCS say the same in RESP3', async () => {
  const inResp2 = await commandFacts(client)
  await client.call('HELLO', '3')
  expect(await commandFacts(client)).toEqual(inResp2)
})

test('COMMAND COUNT, COMMAND, COMMAND INFO and COMMAND LIST have the same commands', async () => {
  const names = async (...command: string[]): Promise<string[]> =>
    ((await client.call(...command)).elements ?? []).map(({ elements }) => elements?.[0].text ?? '')
  const all = await names('COMMAND')
  expect(all.length).toBe(Number((await client.call('COMMAND', 'COUNT')).text))
  expect(await names('COMMAND', 'INFO')).toEqual(all)
  const list = texts(await client.call('COMMAND', 'LIST'))
  expect(list.filter(name => !name.includes('|'))).toEqual(all)
})

test('COMMAND INFO in RESP3 has sets and maps where Redis has them', async () => {
  await client.call('HELLO', '3')
  const [get, missing, sub] = (await client.call('COMMAND', 'INFO', 'GET', 'nonsense', 'config|GET')).elements ?? []
  expect(get.elements?.map(({ type }) => type).join('')).toBe('$:~:::~~~~')
  expect(get.elements?.[8].elements?.[0].type).toBe('%')
  expect(missing.type).toBe('_')
  expect(sub.elements?.[0].text).toBe('config|get')
})

test('COMMAND DOCS in RESP3 has sets and maps where Redis has them', async () => {
  await client.call('HELLO', '3')
  const docs = await client.call('COMMAND', 'DOCS', 'SetEx', 'config|get|x', 'client|kill')
  expect([docs.type, docs.elements?.length, docs.elements?.[2].text]).toEqual(['%', 4, 'client|kill'])
  const [setex, kill] = [at(docs, 'setex'), at(docs, 'client|kill')]
  expect([at(setex, 'doc_flags').type, texts(at(setex, 'doc_flags'))]).toEqual(['~', ['deprecated']])
  expect(at(setex, 'doc_flags').elements?.[0].type).toBe('+')
  expect([at(kill, 'history').type, at(kill, 'history').elements?.[0].type]).toEqual(['~', '*'])
  expect([at(kill, 'arguments').type, at(kill, 'arguments').elements?.[0].type]).toEqual(['*', '%'])
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

  test('facts are the same but for what changed in 7.2', async () => {
    const [ours, older] = [await commandFacts(client), await commandFacts(theirs)]
    const differences: string[] = []
    for (const [name, fact] of Object.entries(ours)) {
      const old = older[name]
      if (old === undefined) continue
      const known = asOf72(name, fact)
      for (const field of FIELDS) {
        const differs = JSON.stringify(known[field]) !== JSON.stringify(old[field])
        if (differs !== changedSince70(name, field)) {
          differences.push(`${name} ${field}: ${fact[field]}, in 7.0: ${old[field]}`)
        }
      }
    }
    expect(differences).toEqual([])
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
