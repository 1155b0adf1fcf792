/** The rules of ACL SETUSER, of `user` lines in config files and of ACL files. Source: ACLSetUser in Redis's acl.c. */
import { hashPassword, isPasswordHash } from './password.js'
import { applySelectorRule, newSelector, type RuleSetting, selectorOf } from './selector-rules.js'
import { User } from './user.js'
import { lowerCase } from './words.js'

const NO_SUCH_PASSWORD = 'The password you are trying to remove from the user does not exist'
const BAD_HASH = 'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters'

/** A user that is off, has no password and may do nothing. */
export function newUser(name: string, setting: RuleSetting): User {
  return new User(name, newSelector(setting))
}

/** The default user as it is without any rules about it: on, without password, free to do everything. */
export function newDefaultUser(name: string, setting: RuleSetting): User {
  const user = newUser(name, setting)
  for (const rule of ['+@all', '~*', '&*', 'on', 'nopass']) applyUserRule(user, rule, setting)
  return user
}

/** Applies a rule. Returns null, or why it is none, in Redis's words. */
export function applyUserRule(user: User, rule: string, setting: RuleSetting): string | null {
  if (rule === '') return null
  switch (lowerCase(rule)) {
    case 'on':
      user.enabled = true
      return null
    case 'off':
      user.enabled = false
      return null
    case 'skip-sanitize-payload':
      user.sanitizesPayload = false
      return null
    case 'sanitize-payload':
      user.sanitizesPayload = true
      return null
    case 'nopass':
      user.noPassword = true
      user.passwords = []
      return null
    case 'resetpass':
      user.noPassword = false
      user.passwords = []
      return null
    case 'clearselectors':
      user.selectors = [user.root]
      return null
    case 'reset':
      user.copyFrom(newUser(user.name, setting))
      return null
  }
  switch (rule[0]) {
    case '>':
    case '#':
      return addPassword(user, rule)
    case '<':
    case '!':
      return removePassword(user, rule)
  }
  if (rule[0] === '(' && rule.endsWith(')')) {
    const selector = selectorOf(rule, setting)
    if (typeof selector === 'string') return selector
    user.selectors = [...user.selectors, selector]
    return null
  }
  return applySelectorRule(user.root, rule, setting)
}

/** `>password` or `#hash`. */
function addPassword(user: User, rule: string): string | null {
  const hash = hashOf(rule, '>')
  if (hash === null) return BAD_HASH
  if (!user.passwords.includes(hash)) user.passwords.push(hash)
  user.noPassword = false
  return null
}

/** `<password` or `!hash`. */
function removePassword(user: User, rule: string): string | null {
  const hash = hashOf(rule, '<')
  if (hash === null) return BAD_HASH
  const at = user.passwords.indexOf(hash)
  if (at < 0) return NO_SUCH_PASSWORD
  user.passwords.splice(at, 1)
  return null
}

/** The hash that a rule gives or, behind the sign `plain`, gives the password of; null when it is no hash. */
function hashOf(rule: string, plain: string): string | null {
  const text = rule.slice(1)
  if (rule[0] === plain) return hashPassword(Buffer.from(text, 'latin1'))
  return isPasswordHash(text) ? text : null
}

/** What is left of parentheses that do not close: the argument that opens them. */
export interface Unmatched {
  readonly unmatched: string
}

/** Puts selectors back together that came as several arguments: `(+get`, `~a)` is `(+get ~a)`. */
export function mergeSelectors(args: readonly string[]): string[] | Unmatched {
  const merged: string[] = []
  let opened: string | null = null
  let selector = ''
  for (const arg of args) {
    if (opened !== null) {
      selector += ` ${arg}`
      if (!arg.endsWith(')')) continue
      merged.push(selector)
      opened = null
    } else if (arg.startsWith('(') && !arg.endsWith(')')) {
      opened = arg
      selector = arg
    } else merged.push(arg)
  }
  return opened === null ? merged : { unmatched: opened }
}
