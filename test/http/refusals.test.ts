/** The rules of /api/commands, held against every command there is: none that is new may slip through. */
import { expect, test } from 'vitest'
import { allCommands } from '../../src/commands/all.js'
import { type Command, CommandTable } from '../../src/commands/command.js'
import { ADMIN, MAY_REPLICATE, READONLY, WRITE } from '../../src/commands/spec.js'
import { commandOf, refusalOf } from '../../src/http/commands/refusals.js'

const table = new CommandTable(allCommands)

function all(): Command[] {
  return table.originals.flatMap(command => [...(command.subcommands?.values() ?? [command])])
}

/** Run for whoever asks, though not flagged as reading keys: each has been looked at. */
const HARMLESS =
  /^(acl\|(cat|dryrun|genpass|getuser|help|list|log|users|whoami)|client\||cluster|command|config\|(get|help)|echo|eval_ro|evalsha_ro|fcall_ro|function\|(dump|help|list|stats)|info|lastsave|latency\||lolwut|memory\||module\||object\||ping|pubsub\||readonly|readwrite|role|script\|(exists|help|show)|select|slowlog\||commandlog\||time|wait|waitaof|xgroup\|help|xinfo\|help)/

test('no command that writes, or that may, is run without http-writes', () => {
  for (const command of all()) {
    const refusal = refusalOf(command, [Buffer.from('x'), Buffer.from('y')], false)
    if ((command.flags & WRITE) !== 0) expect(refusal, command.fullName).not.toBeNull()
    if ((command.flags & MAY_REPLICATE) !== 0 && (command.flags & READONLY) === 0 && !/_ro$/.test(command.fullName)) {
      expect(refusal, command.fullName).not.toBeNull()
    }
  }
})

test('what is run without http-writes reads keys, or has been looked at', () => {
  for (const command of all()) {
    if (refusalOf(command, [], false) !== null) continue
    expect((command.flags & READONLY) !== 0 || HARMLESS.test(command.fullName), command.fullName).toBe(true)
  }
})

test('of the commands for administrators, those that only look', () => {
  const open = all().filter(command => (command.flags & ADMIN) !== 0 && refusalOf(command, [], false) === null)
  expect(open.map(({ fullName }) => fullName).sort()).toEqual([
    'acl|dryrun',
    'acl|getuser',
    'acl|list',
    'acl|log',
    'acl|users',
    'client|list',
    'commandlog|get',
    'commandlog|len',
    'config|get',
    'latency|doctor',
    'latency|graph',
    'latency|histogram',
    'latency|history',
    'latency|latest',
    'module|list',
    'slowlog|get',
    'slowlog|len',
  ])
})

test('a command is found as the server finds it', () => {
  const find = (...words: string[]): string | undefined =>
    commandOf(
      table,
      words.map(word => Buffer.from(word)),
    )?.fullName
  expect(find('GeT', 'x')).toBe('get')
  expect(find('config', 'SET')).toBe('config|set')
  expect(find('config')).toBeUndefined()
  expect(find('config', 'nope')).toBeUndefined()
  expect(find('nope')).toBeUndefined()
})
