import type { RuleSetting } from '../../src/acl/selector-rules.js'
import type { User } from '../../src/acl/user.js'
import { applyUserRule, mergeSelectors, newUser } from '../../src/acl/user-rules.js'
import { aclCatalog } from '../../src/commands/acl/catalog.js'
import { dryRun } from '../../src/commands/acl/check.js'
import { allCommands } from '../../src/commands/all.js'
import { CommandTable } from '../../src/commands/command.js'
import { requestFromArguments } from '../../src/resp/request.js'

export const table = new CommandTable(allCommands)

/** The commands of the server; new users have no channels. */
export const setting: RuleSetting = { catalog: aclCatalog(table), allChannels: false, deprecated: () => {} }

/** A user made by rules, which have to be right. */
export function userOf(name: string, rules: readonly string[]): User {
  const user = newUser(name, setting)
  const merged = mergeSelectors(rules)
  if ('unmatched' in merged) throw new Error(`unmatched ${merged.unmatched}`)
  for (const rule of merged) {
    const problem = applyUserRule(user, rule, setting)
    if (problem !== null) throw new Error(`${rule}: ${problem}`)
  }
  return user
}

/** What ACL DRYRUN answers to a request of words. */
export function decision(user: User, ...words: string[]): string {
  const args = requestFromArguments(words.map(word => Buffer.from(word, 'latin1')))
  const command = table.byFullName(`${words[0]}|${words[1]}`) ?? table.byFullName(words[0])
  if (command === null) throw new Error(`no command ${words[0]}`)
  return dryRun(user, command, args, 0) ?? 'OK'
}
