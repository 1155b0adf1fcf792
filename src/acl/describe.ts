/**
 * Users as rules: what ACL LIST, ACL GETUSER, ACL SAVE and CONFIG REWRITE write. Texts are Redis's (ACLDescribeUser in acl.c) but
 * for the few of which Redis itself would make another user, or none.
 */
import { quoteArg } from '../bytes/split-args.js'
import { ALL_ACCESS, type Pattern, READ_ACCESS, type Selector } from './selector.js'
import type { User } from './user.js'

/** "on nopass sanitize-payload ~* &* +@all (~a resetchannels -@all +get)": rules that make the same user of a new one. */
export function describeUser(user: User): string {
  const [root, ...others] = user.selectors
  const rules = [...userFlags(user), ...user.passwords.map(hash => `#${hash}`), ...selectorRules(root)]
  return [...rules, ...others.map(selector => `(${selectorRules(selector).map(innerWord).join(' ')})`)].join(' ')
}

/** The line of a config file that makes this user: as ACL LIST shows it, but quoted where it would be read as something else. */
export function configLine(user: User): string {
  return ['user', user.name, ...describeUser(user).split(' ')].map(configWord).join(' ')
}

function configWord(word: string): string {
  return word === '' || /["']/.test(word) ? quoteArg(word) : word
}

/** A word in parentheses, which may be quoted: has to be where it has quotes itself, or would end the parentheses. */
function innerWord(word: string): string {
  return /["')]/.test(word) ? quoteArg(word) : word
}

/** The flags in Redis's order. */
export function userFlags(user: User): string[] {
  const flags = [user.enabled ? 'on' : 'off']
  if (user.noPassword) flags.push('nopass')
  flags.push(user.sanitizesPayload ? 'sanitize-payload' : 'skip-sanitize-payload')
  return flags
}

function selectorRules(selector: Selector): string[] {
  const keys = keyRules(selector)
  const channels = selector.allChannels ? ['&*'] : ['resetchannels', ...selector.channels.map(channelRule)]
  return [...keys, ...channels, ...commandRules(selector)]
}

/** "+@all -debug": from everything or from nothing, what was taken or given. */
export function describeCommands(selector: Selector): string {
  return commandRules(selector).join(' ')
}

function commandRules(selector: Selector): string[] {
  return [selector.futureCommands ? '+@all' : '-@all', ...selector.commandRules]
}

/** "~a* %R~b*"; empty for no keys. */
export function describeKeys(selector: Selector): string {
  return keyRules(selector).join(' ')
}

/** "&news:*"; empty for no channels. */
export function describeChannels(selector: Selector): string {
  return selector.allChannels ? '&*' : selector.channels.map(channelRule).join(' ')
}

function keyRules({ allKeys, keys }: Selector): string[] {
  if (allKeys) return ['~*']
  // Among others ~* would drop those before it, and be the reason to refuse those behind it: there it is %RW~*.
  return keys.map(({ text, access }) => `${sign(access, text === '*' && keys.length > 1)}~${text}`)
}

function sign(access: number, spelledOut: boolean): string {
  if (access === ALL_ACCESS) return spelledOut ? '%RW' : ''
  return access === READ_ACCESS ? '%R' : '%W'
}

function channelRule({ text }: Pattern): string {
  return `&${text}`
}
