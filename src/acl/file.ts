/** ACL files: a line a user, `user NAME rules ...`. Source of behaviour: ACLLoadFromFile in Redis's acl.c. */
import { type RuleSetting, UNKNOWN_COMMAND } from './selector-rules.js'
import type { User } from './user.js'
import { applyUserRule, mergeSelectors, newUser } from './user-rules.js'
import { hasBlanks } from './words.js'

/** The users of a file, or everything that is wrong with it. */
export type FileUsers = { readonly users: Map<string, User> } | { readonly errors: string[] }

/** Reads the content of the file called `name` in errors. All lines are looked at, whatever is wrong with some. */
export function readUsers(content: string, name: string, setting: RuleSetting): FileUsers {
  const users = new Map<string, User>()
  const errors: string[] = []
  content.split('\n').forEach((raw, index) => {
    const line = raw.replace(/^[ \t\r]+|[ \t\r]+$/g, '')
    if (line !== '') errors.push(...readLine(line.split(' '), `${name}:${index + 1}`, users, setting))
  })
  return errors.length === 0 ? { users } : { errors }
}

/** Adds the user of a line to `users`; returns what is wrong with it. */
function readLine(words: string[], place: string, users: Map<string, User>, setting: RuleSetting): string[] {
  const [keyword, name, ...args] = words
  if (keyword !== 'user' || name === undefined) {
    return [`${place} should start with user keyword followed by the username.`]
  }
  if (hasBlanks(name)) return [`${place}: username '${name}' contains invalid characters.`]
  if (users.has(name))
    return [`WARNING: Duplicate user '${name}' found on line ${place.slice(place.lastIndexOf(':') + 1)}.`]
  const user = newUser(name, setting)
  users.set(name, user)
  const rules = mergeSelectors(args)
  if ('unmatched' in rules) return [`${place}: Unmatched parenthesis in selector definition.`]
  const errors: string[] = []
  let malformed = false
  for (const word of rules) {
    const rule = word.replace(/^[\t\r\n]+|[\t\r\n]+$/g, '')
    const problem = applyUserRule(user, rule, setting)
    if (problem === UNKNOWN_COMMAND) errors.push(`${place}: Error in applying operation '${rule}': ${problem}.`)
    // The others are not shown, as they may be passwords, and only the first counts: it may have led to those behind it.
    else if (problem !== null && !malformed) {
      errors.push(`${place}: ${problem}.`)
      malformed = true
    }
  }
  return errors
}
