import { describe, expect, test } from 'vitest'
import { Acl } from '../../src/acl/acl.js'
import { configLine } from '../../src/acl/describe.js'
import { Config } from '../../src/config/config.js'
import { ConfigFileError, loadConfig } from '../../src/config/file.js'
import { Log } from '../../src/observe/log.js'
import { setting } from './setting.js'

const quiet = new Log()
quiet.setLevel('nothing')

/** The users of a configuration. */
function load(text: string): Acl {
  const config = new Config()
  loadConfig(config, { file: null, stdin: text, overrides: '' })
  return new Acl(setting.catalog, config, quiet)
}

/** The end of the message that refuses a configuration: the line, the reason, where it stands. */
function refusal(text: string): string[] {
  try {
    load(text)
  } catch (error) {
    if (error instanceof ConfigFileError) return error.message.split('\n').slice(-4)
  }
  return []
}

describe('user lines of the configuration', () => {
  test.each([
    ['user alice on +nosuch', "Error in user declaration '+nosuch': Unknown command or category name in ACL"],
    ['user alice on %X~a', "Error in user declaration '%X~a': Syntax error"],
    ['user alice (+get', "Unmatched parenthesis in acl selector starting at '(+get'."],
    ['user "a b" on', 'Spaces not allowed in ACL usernames'],
    [
      'user bob off',
      "Error in user declaration 'bob': Duplicate user found. A user can only be defined once in config files",
    ],
  ])('%j is refused, with its place', (line, reason) => {
    expect(refusal(`user bob on\nuser default on\n${line}\nuser carol on\n`)).toEqual([
      'Reading the configuration file, at line 3',
      `>>> '${line}'`,
      reason,
      '(in standard input)',
    ])
  })

  test('make the default user anew, and others; requirepass holds where they say nothing', () => {
    const users = load('user bob on ( +get ~a )\nrequirepass x\nuser default on nopass +@all\n').list()
    expect(users.map(configLine)).toEqual([
      'user bob on sanitize-payload resetchannels -@all (~a resetchannels -@all +get)',
      'user default on nopass sanitize-payload resetchannels +@all',
    ])
    const [only] = load('requirepass x\n').list()
    expect([only.noPassword, only.accepts(Buffer.from('x')), only.isUnrestricted]).toEqual([false, true, true])
  })

  test('follow acl-pubsub-default, wherever it stands', () => {
    const [alice] = load('user alice on\nacl-pubsub-default allchannels\n').list()
    expect(configLine(alice)).toBe('user alice on sanitize-payload &* -@all')
  })
})
