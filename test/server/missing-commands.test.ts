import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { allCommands } from '../../src/commands/all.js'
import { Client } from '../../src/commands/client.js'
import { CommandTable } from '../../src/commands/command.js'
import { scriptCommands } from '../../src/commands/scripting/script-commands.js'
import { redisCommandNames } from '../../src/commands/server/redis-command-names.js'
import { stringCommands } from '../../src/commands/string/strings.js'
import { NO_TRANSPORT } from '../../src/network/no-transport.js'
import { Log } from '../../src/observe/log.js'
import { requestFromArguments } from '../../src/resp/request.js'
import { MissingCommands } from '../../src/server/missing-commands.js'
import { Keyspace } from '../../src/store/keyspace.js'
import { ask, withClient } from '../fault/dataset.js'
import { requireStock, startRedisServer, startRedisTs, tempDir } from '../interop/stock.js'

const TOLD =
  / # Command '(.*)' of Redis 7\.2\.5 is not supported yet by redis-ts \(client (.*)\): it is answered as an unknown one\.$/

/** What a log tells of: name and client. */
function told(log: string): string[][] {
  return log.split('\n').flatMap(line => {
    const match = TOLD.exec(line)
    return match === null ? [] : [match.slice(1)]
  })
}

describe('commands that Redis has and a server has not', () => {
  const [script] = scriptCommands
  const others = (script.subcommands ?? []).filter(({ name }) => name !== 'load')
  const table = new CommandTable([...stringCommands, { ...script, subcommands: others }])
  const file = join(tempDir(), 'log')
  const log = new Log()
  log.setFile(file)
  const keyspace = new Keyspace(1)
  const client = new Client(1, NO_TRANSPORT, keyspace.databases[0], 0)

  test('are told of once each; names that are none, or are known, are not', () => {
    const missing = new MissingCommands(table, log)
    const note = (container: string | null, ...words: string[]): void => {
      const found = container === null ? null : table.byFullName(container)
      missing.note(found, requestFromArguments(words.map(word => Buffer.from(word, 'latin1'))), client)
    }
    for (let i = 0; i < 2; i++) {
      note(null, 'EVAL', 'return 1', '0')
      note(null, 'eval')
      note(null, 'Object')
      note('script', 'SCRIPT', 'LOAD', 'return 1')
    }
    for (const none of ['get', 'evall', '', 'script|load', 'config|get', 'constructor', '\0', 'x'.repeat(1e6)]) {
      note(null, none)
    }
    for (const none of ['kill', 'loaded', '', 'load|x']) note('script', 'script', none)
    expect(told(readFileSync(file, 'utf8')).map(([name]) => name)).toEqual(['EVAL', 'OBJECT', 'SCRIPT LOAD'])
  })
})

test('a server tells of them in its log, with the client, and its replies are those of an unknown command', async () => {
  const names = new Set(
    allCommands.flatMap(({ name, subcommands = [] }) => [name, ...subcommands.map(sub => `${name}|${sub.name}`)]),
  )
  // Of a container that is missing as a whole, its own name is what a client gets to hear of.
  const absent = [...redisCommandNames].filter(
    name => !names.has(name) && names.has(name.split('|')[0]) === name.includes('|'),
  )
  const config = 'save ""\nrename-command FLUSHALL ""\nrename-command STRLEN LENGTH\n'
  const server = await startRedisTs([], { config })
  await withClient(server.port, async client => {
    const addresses = /laddr=\S+|addr=(\S+)/.exec((await client.call('CLIENT', 'INFO')).text ?? '')
    for (let i = 0; i < 2; i++) {
      for (const name of absent) {
        const [command, sub] = name.toUpperCase().split('|')
        const reply = await client.call(command, sub ?? 'x')
        expect(reply.text).toBe(
          sub === undefined
            ? `ERR unknown command '${command}', with args beginning with: 'x' `
            : `ERR unknown subcommand '${sub}'. Try ${command} HELP.`,
        )
      }
    }
    for (const name of ['FLUSHALL', 'STRLEN', 'NONSENSE']) {
      expect((await client.call(name)).text).toMatch(/^ERR unknown command/)
    }
    expect(told(server.log())).toEqual(absent.map(name => [name.toUpperCase().replace('|', ' '), addresses?.[1] ?? '']))
  })
  await server.stop()
})

test('the names are those of Redis', requireStock('redis-server'), async () => {
  const stock = await startRedisServer(['--save', ''])
  const reply = await withClient(stock.port, client => client.call('COMMAND', 'LIST'))
  expect((reply.elements ?? []).map(({ text }) => text ?? '').filter(name => !redisCommandNames.has(name))).toEqual([])
  expect(await ask(stock.port, 'PING')).toBe('PONG')
  // 7.2 brought two commands, and subcommands to others.
  expect(redisCommandNames.size).toBe(370)
})
