/** Users as rules: what ACL LIST, ACL GETUSER, ACL SAVE and CONFIG REWRITE write. Source: ACLDescribeUser in Redis's acl.c. */
import { quoteArg } from '../bytes/split-args.js'
import { ALL_ACCESS, type KeyPattern, type Pattern, READ_ACCESS, type Selector } from './selector.js'
import type { User } from './user.js'

/** "on nopass sanitize-payload ~* &* +@all (~a resetchannels -@all +get)": rules that make the same user of a new one. */
export function describeUser(user: User): string {
  const [root, ...others] = user.selectors
  const rules = [...userFlags(user), ...user.passwords.map(hash => `#${hash}`), ...selectorRules(root)]
  // What stands in parentheses is read as words that may be quoted, so that a quote of its own has to be.
  const inner = others.map(selector => `(${selectorRules(selector).map(quoted).join(' ')})`)
  return [...rules, ...inner].join(' ')
}

/** The line of a config file that makes this user: as ACL LIST shows it, but quoted where it would be read as something else. */
export function configLine(user: User): string {
  return ['user', user.name, ...describeUser(user).split(' ')].map(quoted).join(' ')
}

function quoted(word: string): string {
  return word === '' || /["']/.test(word) ? quoteArg(word) : word
}

/** The flags in Redis's order. */
export function userFlags(user: User): string[] {
  const flags = [user.enabled ? 'on' : 'off']
  if (user.noPassword) flags.push('nopass')
  flags.push(user.sanitizesPayload ? 'sanitize-payload' : 'skip-sanitize-payload')
  return flags
}

function selectorRules(selector: Selector): string[] {
  const keys = selector.allKeys ? ['~*'] : selector.keys.map(keyRule)
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
  return selector.allKeys ? '~*' : selector.keys.map(keyRule).join(' ')
}

/** "&news:*"; empty for no channels. */
export function describeChannels(selector: Selector): string {
  return selector.allChannels ? '&*' : selector.channels.map(channelRule).join(' ')
}

function keyRule({ text, access }: KeyPattern): string {
  if (access === ALL_ACCESS) return `~${text}`
  return `${access === READ_ACCESS ? '%R' : '%W'}~${text}`
}

function channelRule({ text }: Pattern): string {
  return `&${text}`
}
