import { describe, expect, test } from 'vitest'
import { Config } from '../../src/config/config.js'
import { spellings } from '../../src/config/directives.js'
import { ConfigFileError, loadConfig } from '../../src/config/file.js'
import { didYouMean } from '../../src/config/nearest.js'
import { createServer } from '../../src/index.js'
import { RawClient, texts } from '../commands/raw-client.js'
import { startRedisTs } from '../interop/stock.js'

describe('a name that is none', () => {
  test.each([
    ['prot', "Did you mean 'port'?"],
    ['PROT', "Did you mean 'port'?"],
    ['por', "Did you mean 'port'?"],
    ['maxmemry', "Did you mean 'maxmemory'?"],
    ['max_memory', "Did you mean 'maxmemory'?"],
    ['maxmemory_policy', "Did you mean 'maxmemory-policy'?"],
    ['repl-timout', "Did you mean 'repl-timeout'?"],
    ['clientoutputbufferlimit', "Did you mean 'client-output-buffer-limit'?"],
    ['replicasof', "Did you mean 'replicaof'?"],
    ['slavof', "Did you mean 'slaveof' (now 'replicaof')?"],
    ['hash-max-zipist-entries', "Did you mean 'hash-max-ziplist-entries' (now 'hash-max-listpack-entries')?"],
  ])('%s', (name, hint) => {
    expect(didYouMean(name)).toBe(hint)
  })

  test.each(['', 'x', 'nosuch', 'nosuchdirective', 'from-the-future', 'help', '----', 'p'.repeat(1e6), 'appendx'])(
    'and is like none: %.20s',
    name => {
      expect(didYouMean(name)).toBeNull()
    },
  )

  test('every directive is found again when two of its letters change places', () => {
    for (const name of spellings.keys()) {
      const letters = [...name]
      const last = letters.length - 1
      if (letters.length < 5 || letters[last] === letters[last - 1]) continue
      ;[letters[last], letters[last - 1]] = [letters[last - 1], letters[last]]
      expect(didYouMean(letters.join(''))).toContain(`'${name}'`)
    }
  })
})

function refusal(stdin: string, overrides: string): string[] {
  try {
    loadConfig(new Config('/'), { file: null, stdin, overrides })
  } catch (error) {
    if (error instanceof ConfigFileError) return error.message.split('\n').slice(-3)
  }
  return []
}

test.each<[line: string, hint: string]>([
  ['prot 1', "Did you mean 'port'?"],
  ['inculde x', "Did you mean 'include'?"],
  ['rename-comand a b', "Did you mean 'rename-command'?"],
])('a line %j of a file is refused with what it was probably meant to be', (line, hint) => {
  const reason = 'Bad directive or wrong number of arguments'
  expect(refusal(`${line}\n`, '')).toEqual([reason, hint, '(in standard input)'])
  expect(refusal('', `${line}\n`)).toEqual([reason, hint, '(in the command line)'])
})

test('on the command line its own options count, too', () => {
  expect(refusal('', 'confg a\n')[1]).toBe("Did you mean 'config'?")
  expect(refusal('confg a\n', '')).not.toContain("Did you mean 'config'?")
})

test('the library names it, too', async () => {
  const options: object = { prot: 1 }
  await expect(createServer(options)).rejects.toThrow("redis-ts: there is no directive 'prot'. Did you mean 'port'?")
})

test("CONFIG SET and GET answer as Redis's do, and the log tells once", async () => {
  const server = await startRedisTs(['--save', ''])
  const client = await RawClient.connect(server.port)
  for (let i = 0; i < 2; i++) {
    expect((await client.call('CONFIG', 'SET', 'prot', '1')).text).toBe(
      "ERR Unknown option or number of arguments for CONFIG SET - 'prot'",
    )
    expect(texts(await client.call('CONFIG', 'GET', 'slavof', 'nonsense', 'prot', 'por\n', 'maxmemry*'))).toEqual([])
  }
  client.close()
  await server.stop()
  const lines = server.log().split('\n')
  expect(lines.flatMap(line => /# (CONFIG .*Did you mean.*)/.exec(line)?.[1] ?? [])).toEqual([
    "CONFIG SET: there is no directive 'prot'. Did you mean 'port'?",
    "CONFIG GET: there is no directive 'slavof'. Did you mean 'slaveof' (now 'replicaof')?",
  ])
})
