/** The command table as ACL rules see it: by the commands' own names, whatever `rename-command` calls them. */
import type { AclCommand, CommandCatalog } from '../../acl/catalog.js'
import type { Command, CommandTable } from '../command.js'
import { CATEGORIES, categoriesOf } from '../command-categories.js'

/** Works out once which commands are in which category. */
export function aclCatalog(table: CommandTable): CommandCatalog {
  const members = new Map<string, AclCommand[]>(CATEGORIES.map(category => [category, []]))
  const add = (command: Command): void => {
    for (const category of categoriesOf(command.spec)) members.get(category)?.push(command)
    for (const subcommand of command.subcommands?.values() ?? []) add(subcommand)
  }
  for (const command of table.originals) add(command)
  return {
    size: table.size,
    find: name => table.byOriginalFullName(name),
    category: name => members.get(name.toLowerCase()) ?? null,
  }
}
