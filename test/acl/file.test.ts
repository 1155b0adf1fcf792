import { describe, expect, test } from 'vitest'
import { describeUser } from '../../src/acl/describe.js'
import { readUsers } from '../../src/acl/file.js'
import { setting } from './setting.js'

function errors(content: string): string[] {
  const read = readUsers(content, 'users.acl', setting)
  return 'errors' in read ? read.errors : []
}

describe('an ACL file', () => {
  test('has a user a line, blank lines, and selectors of several words', () => {
    const read = readUsers('\n  user alice on  nopass +get\t\r\n\nuser bob (+set ~a) %R~x\n', 'f', setting)
    const users = 'users' in read ? [...read.users.values()] : []
    expect(users.map(user => [user.name, describeUser(user)])).toEqual([
      ['alice', 'on nopass sanitize-payload resetchannels -@all +get'],
      ['bob', 'off sanitize-payload %R~x resetchannels -@all (~a resetchannels -@all +set)'],
    ])
  })

  test('is refused with all that is wrong in it', () => {
    const content = [
      '# a comment',
      'user',
      'user a +nosuch nonsense +nosuch2 ~a ~b|c &x &y badrule',
      'user b on',
      'user b off',
      'user c (+get',
      'user d\te on',
      'default on',
    ]
    expect(errors(content.join('\n'))).toEqual([
      'users.acl:1 should start with user keyword followed by the username.',
      'users.acl:2 should start with user keyword followed by the username.',
      "users.acl:3: Error in applying operation '+nosuch': Unknown command or category name in ACL.",
      'users.acl:3: Syntax error.',
      "users.acl:3: Error in applying operation '+nosuch2': Unknown command or category name in ACL.",
      "WARNING: Duplicate user 'b' found on line 5.",
      'users.acl:6: Unmatched parenthesis in selector definition.',
      "users.acl:7: username 'd\te' contains invalid characters.",
      'users.acl:8 should start with user keyword followed by the username.',
    ])
  })
})
