/** The reply of COMMAND and COMMAND INFO for one command. Shape: addReplyCommandInfo in Redis's server.c. */
import type { ReplyWriter } from '../resp/reply-writer.js'
import type { Command } from './command.js'
import { categoriesOf } from './command-categories.js'
import { legacyRange } from './command-keys.js'
import { FLAG_NAMES, type KeySpec, MAY_REPLICATE } from './spec.js'

/** Redis keeps this one to itself. */
const SHOWN_FLAGS = FLAG_NAMES.filter(([bit]) => bit !== MAY_REPLICATE)

/** Ten elements: name, arity, flags, first, last, step, categories, tips, key specs, subcommands (each as this). */
export function replyCommandInfo(reply: ReplyWriter, command: Command): void {
  const { spec } = command
  const range = legacyRange(spec.keys)
  reply.array(10)
  reply.bulkText(command.fullName)
  reply.integer(spec.arity)
  replyStatusSet(
    reply,
    SHOWN_FLAGS.filter(([bit]) => spec.flags & bit).map(([, name]) => name),
  )
  reply.integer(range.first)
  reply.integer(range.last)
  reply.integer(range.step)
  replyStatusSet(
    reply,
    categoriesOf(spec).map(category => `@${category}`),
  )
  const tips = spec.tips ?? []
  reply.set(tips.length)
  for (const tip of tips) reply.bulkText(tip)
  const keys = spec.keys ?? []
  reply.set(keys.length)
  for (const key of keys) replyKeySpec(reply, key)
  if (command.subcommands === null) reply.set(0)
  else {
    reply.array(command.subcommands.size)
    for (const subcommand of command.subcommands.values()) replyCommandInfo(reply, subcommand)
  }
}

/** A set of simple strings. */
export function replyStatusSet(reply: ReplyWriter, texts: readonly string[]): void {
  reply.set(texts.length)
  for (const text of texts) reply.simple(text)
}

function replyKeySpec(reply: ReplyWriter, { first, last, step, flags }: KeySpec): void {
  reply.map(3)
  reply.bulkText('flags')
  replyStatusSet(reply, flags)
  reply.bulkText('begin_search')
  reply.map(2)
  reply.bulkText('type')
  reply.bulkText('index')
  reply.bulkText('spec')
  reply.map(1)
  reply.bulkText('index')
  reply.integer(first)
  reply.bulkText('find_keys')
  reply.map(2)
  reply.bulkText('type')
  reply.bulkText('range')
  reply.bulkText('spec')
  reply.map(3)
  reply.bulkText('lastkey')
  // Counted from the first key here, from the end when negative.
  reply.integer(last < 0 ? last : last - first)
  reply.bulkText('keystep')
  reply.integer(step)
  reply.bulkText('limit')
  reply.integer(0)
}
