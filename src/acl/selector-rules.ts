/** The rules about commands, keys and channels: `+get`, `-@admin`, `~user:*`, `%R~*`, `&news`. Source: ACLSetSelector in acl.c. */
import { splitArgs } from '../bytes/split-args.js'
import type { CommandCatalog } from './catalog.js'
import { ALL_ACCESS, patternOf, READ_ACCESS, Selector, WRITE_ACCESS } from './selector.js'
import { hasBlanks, lowerCase } from './words.js'

/** Why a rule is refused, in Redis's words. */
export const SYNTAX = 'Syntax error'
export const UNKNOWN_COMMAND = 'Unknown command or category name in ACL'
const NEEDLESS_KEY_PATTERN =
  "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns"
const NEEDLESS_CHANNEL_PATTERN =
  "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels"
const FIRST_ARGUMENT_OF_SUBCOMMAND = 'Allowing first-arg of a subcommand is not supported'

/** What rules are read against. */
export interface RuleSetting {
  readonly catalog: CommandCatalog
  /** Whether a new selector begins with all channels (`acl-pubsub-default`). */
  readonly allChannels: boolean
  /** Told of a rule that allows a first argument, which Redis plans to give up. */
  deprecated(rule: string): void
}

/** A new selector: nothing is allowed but, where the configuration says so, all channels. */
export function newSelector({ catalog, allChannels }: RuleSetting): Selector {
  return new Selector(catalog.size, allChannels)
}

/** The selector of a rule "(+get ~a)"; a text says what is wrong with it. */
export function selectorOf(rule: string, setting: RuleSetting): Selector | string {
  const selector = newSelector(setting)
  const rules = splitArgs(rule.slice(1, -1))
  if (rules === null) return SYNTAX
  for (const inner of rules) {
    const problem = applySelectorRule(selector, inner, setting)
    if (problem !== null) return problem
  }
  return selector
}

/** Applies a rule. Returns null, or why it is none; the selector is then as it was. */
export function applySelectorRule(selector: Selector, rule: string, setting: RuleSetting): string | null {
  switch (lowerCase(rule)) {
    case 'allkeys':
    case '~*':
      selector.allKeys = true
      selector.keys = []
      return null
    case 'resetkeys':
      selector.allKeys = false
      selector.keys = []
      return null
    case 'allchannels':
    case '&*':
      selector.allChannels = true
      selector.channels = []
      return null
    case 'resetchannels':
      selector.allChannels = false
      selector.channels = []
      return null
    case 'allcommands':
    case '+@all':
      selector.setAllCommands(true)
      return null
    case 'nocommands':
    case '-@all':
      selector.setAllCommands(false)
      return null
  }
  switch (rule[0]) {
    case '~':
    case '%':
      return addKeyPattern(selector, rule)
    case '&':
      return addChannelPattern(selector, rule.slice(1))
    case '+':
    case '-':
      return rule[1] === '@' ? setCategory(selector, rule, setting) : setCommand(selector, rule, setting)
    default:
      return SYNTAX
  }
}

/** `~glob`, `%R~glob`, `%W~glob`, `%RW~glob`: a pattern given twice has the accesses of both. */
function addKeyPattern(selector: Selector, rule: string): string | null {
  if (selector.allKeys) return NEEDLESS_KEY_PATTERN
  let access = ALL_ACCESS
  let from = 1
  if (rule[0] === '%') {
    access = 0
    while (from < rule.length && rule[from] !== '~') {
      const letter = rule[from++].toUpperCase()
      const wanted = letter === 'R' ? READ_ACCESS : letter === 'W' ? WRITE_ACCESS : 0
      if (wanted === 0 || (access & wanted) !== 0) return SYNTAX
      access |= wanted
    }
    // Redis 7.2.5 takes this for a pattern of no access and crashes when it is to describe it; later ones refuse it.
    if (access === 0) return SYNTAX
    from++
  }
  const text = rule.slice(from)
  if (hasBlanks(text)) return SYNTAX
  const known = selector.keys.findIndex(pattern => pattern.text === text)
  if (known < 0) selector.keys.push({ ...patternOf(text), access })
  else selector.keys[known] = { ...selector.keys[known], access: selector.keys[known].access | access }
  return null
}

function addChannelPattern(selector: Selector, text: string): string | null {
  if (selector.allChannels) return NEEDLESS_CHANNEL_PATTERN
  if (hasBlanks(text)) return SYNTAX
  if (!selector.channels.some(pattern => pattern.text === text)) selector.channels.push(patternOf(text))
  return null
}

/** `+@category` and `-@category`. */
function setCategory(selector: Selector, rule: string, { catalog }: RuleSetting): string | null {
  const commands = catalog.category(rule.slice(2))
  if (commands === null) return UNKNOWN_COMMAND
  const allow = rule[0] === '+'
  for (const command of commands) selector.setCommand(command, allow)
  selector.addCommandRule(rule.slice(1), allow)
  return null
}

/** `+command`, `-command`, `+container|subcommand`, `-container|subcommand`, `+command|first-argument`. */
function setCommand(selector: Selector, rule: string, { catalog, deprecated }: RuleSetting): string | null {
  const allow = rule[0] === '+'
  const name = rule.slice(1)
  const bar = name.lastIndexOf('|')
  if (allow && bar >= 0) {
    const container = catalog.find(name.slice(0, bar))
    const word = name.slice(bar + 1)
    if (container === null) return UNKNOWN_COMMAND
    if (container.fullName.includes('|')) return FIRST_ARGUMENT_OF_SUBCOMMAND
    if (word === '') return SYNTAX
    if (container.subcommands === null) {
      // Rules are described as words: Redis, which takes blanks, then fails to read its own description.
      if (hasBlanks(word)) return SYNTAX
      deprecated(rule)
      selector.allowFirstArgument(container, word)
      selector.addCommandRule(name, true)
      return null
    }
  }
  const command = catalog.find(name)
  if (command === null) return UNKNOWN_COMMAND
  selector.setCommand(command, allow)
  selector.addCommandRule(command.fullName, allow)
  return null
}
