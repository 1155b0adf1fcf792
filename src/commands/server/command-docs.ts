/** The reply of COMMAND DOCS for one command. Shape: addReplyCommandDocs in Redis's server.c. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Command } from '../command.js'
import type { ArgumentDoc, CommandSpec } from '../spec.js'
import { replyStatusSet } from './command-info.js'

/** A map; what a command has nothing to say about is left out. */
export function replyCommandDocs(reply: ReplyWriter, command: Command): void {
  const { spec, subcommands } = command
  const flags = docFlags(spec)
  const optional = [
    spec.complexity,
    flags.length > 0 ? flags : undefined,
    spec.deprecatedSince,
    spec.replacedBy,
    spec.history,
    spec.arguments,
    subcommands ?? undefined,
  ]
  reply.map(3 + optional.filter(part => part !== undefined).length)
  replyPair(reply, 'summary', spec.summary)
  replyPair(reply, 'since', spec.since)
  replyPair(reply, 'group', spec.group)
  if (spec.complexity !== undefined) replyPair(reply, 'complexity', spec.complexity)
  if (flags.length > 0) {
    reply.bulkText('doc_flags')
    replyStatusSet(reply, flags)
  }
  if (spec.deprecatedSince !== undefined) replyPair(reply, 'deprecated_since', spec.deprecatedSince)
  if (spec.replacedBy !== undefined) replyPair(reply, 'replaced_by', spec.replacedBy)
  if (spec.history !== undefined) {
    reply.bulkText('history')
    reply.set(spec.history.length)
    for (const change of spec.history) reply.bulkArray(change)
  }
  if (spec.arguments !== undefined) {
    reply.bulkText('arguments')
    replyArguments(reply, spec.arguments)
  }
  if (subcommands !== null) {
    reply.bulkText('subcommands')
    reply.map(subcommands.size)
    for (const subcommand of subcommands.values()) {
      reply.bulkText(subcommand.fullName)
      replyCommandDocs(reply, subcommand)
    }
  }
}

function docFlags({ deprecatedSince, isSystemCommand }: CommandSpec): string[] {
  const flags: string[] = []
  if (deprecatedSince !== undefined) flags.push('deprecated')
  if (isSystemCommand) flags.push('syscmd')
  return flags
}

function replyPair(reply: ReplyWriter, name: string, text: string): void {
  reply.bulkText(name)
  reply.bulkText(text)
}

function replyArguments(reply: ReplyWriter, list: readonly ArgumentDoc[]): void {
  reply.array(list.length)
  for (const argument of list) replyArgument(reply, argument)
}

function replyArgument(reply: ReplyWriter, argument: ArgumentDoc): void {
  const { name, type, token, keySpecIndex, since, deprecatedSince } = argument
  const flags = argumentFlags(argument)
  // What consists of other arguments has no text of its own to display.
  const composed = type === 'oneof' || type === 'block'
  const optional = [token, keySpecIndex, since, deprecatedSince, flags.length > 0 ? flags : undefined]
  reply.map(3 + optional.filter(part => part !== undefined).length)
  replyPair(reply, 'name', name)
  replyPair(reply, 'type', type)
  if (!composed) replyPair(reply, 'display_text', argument.displayText ?? name)
  if (keySpecIndex !== undefined) {
    reply.bulkText('key_spec_index')
    reply.integer(keySpecIndex)
  }
  if (token !== undefined) replyPair(reply, 'token', token)
  if (since !== undefined) replyPair(reply, 'since', since)
  if (deprecatedSince !== undefined) replyPair(reply, 'deprecated_since', deprecatedSince)
  if (flags.length > 0) {
    reply.bulkText('flags')
    replyStatusSet(reply, flags)
  }
  if (composed) {
    reply.bulkText('arguments')
    replyArguments(reply, argument.arguments ?? [])
  }
}

function argumentFlags({ optional, multiple, multipleToken }: ArgumentDoc): string[] {
  const flags: string[] = []
  if (optional) flags.push('optional')
  if (multiple) flags.push('multiple')
  if (multipleToken) flags.push('multiple_token')
  return flags
}
