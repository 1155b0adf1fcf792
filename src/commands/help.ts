/** HELP subcommands: their text follows from the command table. Reply shape: addReplyHelp in Redis's networking.c. */
import type { Request } from '../resp/request.js'
import type { CommandContext } from './context.js'
import { type ArgumentDoc, type CommandSpec, LOADING, STALE } from './spec.js'

/** One entry of a HELP reply: how to write it, and what it does. */
export interface HelpEntry {
  readonly syntax: string
  readonly text: string
}

/** The HELP subcommand of a container; `since` is the version in which it got one. */
export function helpSubcommand(
  container: string,
  group: CommandSpec['group'],
  since: string,
  categories: readonly string[] = [],
): CommandSpec {
  return {
    name: 'help',
    arity: 2,
    flags: LOADING | STALE,
    group,
    since,
    summary: 'Shows the subcommands and what they do.',
    complexity: 'O(1)',
    categories,
    run: ctx => replyHelpOf(ctx, container),
  }
}

/** Replies with the subcommands of a container in the table. */
function replyHelpOf(ctx: CommandContext, container: string): void {
  const command = ctx.server.commands.byOriginalFullName(container)
  const entries: HelpEntry[] = []
  if (command?.arity === -1) entries.push({ syntax: '(no subcommand)', text: command.spec.summary })
  for (const { spec } of command?.subcommands?.values() ?? []) {
    if (spec.name === 'help') continue
    const syntax = [spec.name.toUpperCase(), ...(spec.arguments ?? []).map(argumentSyntax)].join(' ')
    entries.push({ syntax, text: spec.summary })
  }
  replyHelp(ctx, container, entries)
}

/** What Redis says to a subcommand with more arguments than it takes, where its arity allows any number. */
export function subcommandSyntaxError(args: Request, container: string): string {
  return `ERR unknown subcommand or wrong number of arguments for '${args.latin1(1).slice(0, 128)}'. Try ${container} HELP.`
}

/** Replies in the shape of every HELP: a headline, two lines an entry, and HELP itself. */
export function replyHelp(ctx: CommandContext, container: string, entries: readonly HelpEntry[]): void {
  const { reply } = ctx
  reply.array(entries.length * 2 + 3)
  reply.simple(`${container.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`)
  for (const { syntax, text } of entries) {
    reply.simple(syntax)
    reply.simple(`    ${text}`)
  }
  reply.simple('HELP')
  reply.simple('    Print this help.')
}

/** An argument as manuals write it: `<name>`, `TOKEN <name>`, `(A|B)`, `[optional]`, `repeated ...`. */
export function argumentSyntax(argument: ArgumentDoc): string {
  let text = plainSyntax(argument)
  if (argument.multiple) text = `${text} [${text} ...]`
  return argument.optional ? `[${text}]` : text
}

function plainSyntax(argument: ArgumentDoc): string {
  if (argument.type === 'pure-token') return argument.token ?? argument.name
  const token = argument.token === undefined ? '' : `${argument.token} `
  const parts = (argument.arguments ?? []).map(argumentSyntax)
  if (argument.type === 'oneof') return `${token}(${parts.join('|')})`
  if (argument.type === 'block') return `${token}${parts.join(' ')}`
  return `${token}<${argument.displayText ?? argument.name}>`
}
