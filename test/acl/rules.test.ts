import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { configLine, describeUser } from '../../src/acl/describe.js'
import { applyUserRule, mergeSelectors, newUser } from '../../src/acl/user-rules.js'
import { splitArgs } from '../../src/bytes/split-args.js'
import { PROBES, rule } from './arbitrary-rules.js'
import { decision, setting, userOf } from './setting.js'

const PASSWORD_HASH = 'd74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1'

/** The user's description without flags and passwords. */
function permissions(...rules: string[]): string {
  return describeUser(userOf('u', rules)).replace('off sanitize-payload ', '')
}

/** What is said against a rule behind others. */
function problem(last: string, ...before: string[]): string | null {
  const user = userOf('u', before)
  const untouched = describeUser(user)
  const text = applyUserRule(user, last, setting)
  if (text !== null) expect(describeUser(user)).toBe(untouched)
  return text
}

describe('descriptions', () => {
  test('of a new user and of flags', () => {
    expect(describeUser(userOf('u', []))).toBe('off sanitize-payload resetchannels -@all')
    expect(describeUser(userOf('u', ['ON', 'NoPass', 'skip-sanitize-payload']))).toBe(
      'on nopass skip-sanitize-payload resetchannels -@all',
    )
    const everything = ['on', 'nopass', '+@all', '~*', '&*', '(+get ~a)', '>pass', 'skip-sanitize-payload']
    expect(describeUser(userOf('u', [...everything, 'reset']))).toBe('off sanitize-payload resetchannels -@all')
  })

  test('passwords are shown as hashes, each once', () => {
    const user = userOf('u', ['nopass', '>pass', '>pass', `#${PASSWORD_HASH}`])
    expect(describeUser(user)).toBe(`off sanitize-payload #${PASSWORD_HASH} resetchannels -@all`)
    expect(applyUserRule(user, '<pass', setting)).toBeNull()
    expect(user.passwords).toEqual([])
    expect(applyUserRule(user, 'nopass', setting)).toBeNull()
    expect(user.noPassword).toBe(true)
  })

  test('keys with their accesses, channels behind resetchannels', () => {
    expect(permissions('~a', '%R~b', '%W~c', '%RW~d', '&x', '&y*', '&x')).toBe(
      '~a %R~b %W~c ~d resetchannels &x &y* -@all',
    )
    expect(permissions('%R~a', '%w~a')).toBe('~a resetchannels -@all')
    expect(permissions('~a', 'allkeys', '&a', 'allchannels')).toBe('~* &* -@all')
    expect(permissions('allkeys', 'resetkeys', '~b')).toBe('~b resetchannels -@all')
    expect(permissions('%RW~*')).toBe('~* resetchannels -@all')
    expect(permissions('%RW~*', '~a')).toBe('%RW~* ~a resetchannels -@all')
  })

  // Expectations as in Redis's own suite, so that the description is exactly its own.
  test.each([
    ['+@all -@hash -@slow +hget', '+@all -@hash -@slow +hget'],
    ['+@all -@hash -@slow +hget -@hash', '+@all -@slow +hget -@hash'],
    ['+@all -@hash -@slow +hget +@hash', '+@all -@slow +hget +@hash'],
    ['-@string -@slow +@all', '+@all'],
    ['+@HASH +@hash +@HaSh', '-@all +@hash'],
    ['+HGET +hget +hGeT', '-@all +hget'],
    ['+@hash +@slow +@set +@set +@slow +@hash', '-@all +@set +@slow +@hash'],
    ['+hget -hset +hset -hget', '-@all +hset -hget'],
    ['+client|list +client|list +config|get +config +acl|list -acl', '-@all +client|list +config -acl'],
    ['+select|0 +select|0 +debug|segfault +debug', '-@all +select|0 +debug'],
    ['-@dangerous', '-@all -@dangerous'],
    ['+config +config|get -config|set +config', '-@all +config'],
  ])('%s', (rules, commands) => {
    expect(permissions(...rules.split(' '))).toBe(`resetchannels ${commands}`)
  })

  test('selectors come last, in parentheses, however they were given', () => {
    const all = permissions('(+get ~a )', '( ~b', '%R~c', '+@read', ')', '()', '+set')
    const selectors = '(~a resetchannels -@all +get) (~b %R~c resetchannels -@all +@read) (resetchannels -@all)'
    expect(all).toBe(`resetchannels -@all +set ${selectors}`)
    expect(permissions('(+get)', 'clearselectors')).toBe('resetchannels -@all')
  })
})

describe('decisions', () => {
  const RUN = (command: string) => `User u has no permissions to run the '${command}' command`
  const KEY = (key: string) => `User u has no permissions to access the '${key}' key`

  test('commands, categories, containers and subcommands', () => {
    const user = userOf('u', ['+@all', '-@hash', '-client', '+client|id', '-config|set', '~*'])
    expect(decision(user, 'get', 'k')).toBe('OK')
    expect(decision(user, 'hget', 'k', 'f')).toBe(RUN('hget'))
    expect(decision(user, 'client', 'id')).toBe('OK')
    expect(decision(user, 'client', 'list')).toBe(RUN('client|list'))
    expect(decision(user, 'config', 'get', 'a')).toBe('OK')
    expect(decision(user, 'config', 'set', 'a', 'b')).toBe(RUN('config|set'))
  })

  test('a first argument, in any case, until the command itself is given or taken', () => {
    const user = userOf('u', ['+select|0', '+debug|OBJECT'])
    expect(decision(user, 'select', '0')).toBe('OK')
    expect(decision(user, 'select', '1')).toBe(RUN('select'))
    expect(decision(user, 'debug', 'Object', 'k')).toBe('OK')
    expect(decision(userOf('u', ['+select|0', '-select']), 'select', '0')).toBe(RUN('select'))
    expect(decision(userOf('u', ['+select|0', '-@connection']), 'select', '0')).toBe(RUN('select'))
  })

  test('what comes before a login is everyone’s', () => {
    expect(decision(userOf('u', []), 'auth', 'x')).toBe('OK')
    expect(decision(userOf('u', []), 'ping')).toBe(RUN('ping'))
  })

  test('reading and writing keys; what only asks for existence needs either', () => {
    const user = userOf('u', ['+@all', '%R~r*', '%W~w*', '~b*'])
    expect(decision(user, 'get', 'r')).toBe('OK')
    expect(decision(user, 'get', 'w')).toBe(KEY('w'))
    expect(decision(user, 'set', 'w', 'v')).toBe('OK')
    expect(decision(user, 'set', 'w', 'v', 'GET')).toBe(KEY('w'))
    expect(decision(user, 'set', 'b', 'v', 'GET')).toBe('OK')
    expect(decision(user, 'set', 'r', 'v')).toBe(KEY('r'))
    expect(decision(user, 'exists', 'r', 'w')).toBe('OK')
    expect(decision(user, 'exists', 'r', 'x')).toBe(KEY('x'))
  })

  test('one selector has to allow all of it', () => {
    const user = userOf('u', ['(+mget ~a*)', '(+mget ~b*)', '(+set %W~*)'])
    expect(decision(user, 'mget', 'a1', 'a2')).toBe('OK')
    expect(decision(user, 'mget', 'b1')).toBe('OK')
    expect(decision(user, 'set', 'x', 'y')).toBe('OK')
    expect(decision(user, 'get', 'a1')).toBe(RUN('get'))
  })

  test('of several selectors the one that came furthest says what is denied', () => {
    const user = userOf('u', ['+mget', '~key', '(+mget ~key ~otherkey)'])
    expect(decision(user, 'mget', 'otherkey', 'someotherkey')).toBe(KEY('someotherkey'))
    expect(decision(user, 'mget', 'key', 'otherkey', 'someotherkey')).toBe(KEY('someotherkey'))
  })

  test('bytes of passwords and keys are taken as they are', () => {
    const user = userOf('u', ['on', '>p\0\xff', '+get', '~\xe4*'])
    expect(user.accepts(Buffer.from('p\0\xff', 'latin1'))).toBe(true)
    expect(user.accepts(Buffer.from('p', 'latin1'))).toBe(false)
    expect(decision(user, 'get', '\xe4\0')).toBe('OK')
    expect(decision(user, 'get', '\xe5')).toBe(KEY('\xe5'))
  })

  test('nobody logs in as a user that is off', () => {
    expect(userOf('u', ['nopass']).accepts(Buffer.from('x'))).toBe(false)
    expect(userOf('u', ['nopass', 'on']).accepts(Buffer.from('x'))).toBe(true)
    expect(userOf('u', ['on']).accepts(Buffer.from(''))).toBe(false)
  })
})

describe('rules that are refused, and change nothing', () => {
  const SYNTAX = 'Syntax error'
  const UNKNOWN = 'Unknown command or category name in ACL'
  const HASH = 'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters'

  test.each([
    ['nonsense', SYNTAX],
    ['+', UNKNOWN],
    ['-', UNKNOWN],
    ['+nosuch', UNKNOWN],
    ['-nosuch', UNKNOWN],
    ['+@nosuch', UNKNOWN],
    ['+@', UNKNOWN],
    ['+config|nosuch', UNKNOWN],
    ['-config|nosuch', UNKNOWN],
    ['-select|0', UNKNOWN],
    ['+get|key1|key2', UNKNOWN],
    ['-config|get|x', UNKNOWN],
    ['+config|get|port', 'Allowing first-arg of a subcommand is not supported'],
    ['+config|', SYNTAX],
    ['+select|', SYNTAX],
    ['+select|a b', SYNTAX],
    ['~a b', SYNTAX],
    ['~a\0b', SYNTAX],
    ['%~a', SYNTAX],
    ['%', SYNTAX],
    ['%X~a', SYNTAX],
    ['%RR~a', SYNTAX],
    ['&a\tb', SYNTAX],
    [')', SYNTAX],
    [' () ', SYNTAX],
    ['(nonsense)', SYNTAX],
    ['(+nosuch)', UNKNOWN],
    ['(~"a)', SYNTAX],
    ['#abc', HASH],
    [`#${PASSWORD_HASH.toUpperCase()}`, HASH],
    ['!abc', HASH],
    ['<nosuch', 'The password you are trying to remove from the user does not exist'],
  ])('%s', (text, reason) => {
    expect(problem(text)).toBe(reason)
  })

  test('patterns behind one that has everything', () => {
    expect(problem('~a', '~*')).toMatch(
      /^Adding a pattern after the \* pattern \(or the 'allkeys' flag\) .* Try 'resetkeys'/,
    )
    expect(problem('&a', '&*')).toMatch(
      /^Adding a pattern after the \* pattern \(or the 'allchannels' flag\) .* channels$/,
    )
    expect(problem('(~* ~a)')).toMatch(/^Adding a pattern after/)
  })

  test('parentheses that do not close', () => {
    expect(mergeSelectors(['on', '(+get', '(+set', '~a'])).toEqual({ unmatched: '(+get' })
    expect(mergeSelectors(['('])).toEqual({ unmatched: '(' })
    expect(mergeSelectors(['(a', 'b', 'c)', 'd', '(e)'])).toEqual(['(a b c)', 'd', '(e)'])
  })
})

test('a description, or the line of a config file, makes the same user again', () => {
  fc.assert(
    fc.property(fc.constantFrom('u', '"u', ''), fc.array(rule, { maxLength: 12 }), (username, rules) => {
      const user = newUser(username, setting)
      for (const text of rules) applyUserRule(user, text, setting)
      const description = describeUser(user)
      const again = userOf(username, description.split(' '))
      const [, name, ...words] = splitArgs(configLine(user)) ?? []
      const configured = userOf(name, words)
      expect(name).toBe(username)
      for (const other of [again, configured]) {
        expect(describeUser(other)).toBe(description)
        for (const probe of PROBES) expect(decision(other, ...probe)).toBe(decision(user, ...probe))
      }
    }),
    { numRuns: 300 },
  )
})

test('a user without restrictions may do everything', () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 8 }), rules => {
      const user = newUser('u', setting)
      for (const text of rules) applyUserRule(user, text, setting)
      if (user.isUnrestricted) for (const probe of PROBES) expect(decision(user, ...probe)).toBe('OK')
    }),
  )
  expect(userOf('u', ['+@all', '~*', '&*']).isUnrestricted).toBe(true)
  expect(userOf('u', ['(allcommands allkeys allchannels)']).isUnrestricted).toBe(true)
  expect(userOf('u', ['+@all', '(~* &*)']).isUnrestricted).toBe(false)
})
