/** The reply of COMMAND and COMMAND INFO for one command. Shape: addReplyCommandInfo in Redis's server.c. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Command } from '../command.js'
import { categoriesOf } from '../command-categories.js'
import { legacyRange } from '../legacy-range.js'
import { FLAG_NAMES, KEY_FLAG_NAMES, type KeySpec } from '../spec.js'

/** Ten elements: name, arity, flags, first, last, step, categories, tips, key specs, subcommands (each as this). */
export function replyCommandInfo(reply: ReplyWriter, command: Command): void {
  const { spec } = command
  const range = legacyRange(spec.keys ?? [])
  reply.array(10)
  reply.bulkText(command.fullName)
  reply.integer(spec.arity)
  replyStatusSet(
    reply,
    FLAG_NAMES.filter(([bit]) => command.flags & bit).map(([, name]) => name),
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

/** The flags of a key spec or of a key (COMMAND GETKEYSANDFLAGS). */
export function replyKeyFlags(reply: ReplyWriter, flags: number): void {
  replyStatusSet(
    reply,
    KEY_FLAG_NAMES.filter(([bit]) => flags & bit).map(([, name]) => name),
  )
}

function replyKeySpec(reply: ReplyWriter, { notes, flags, begin, find }: KeySpec): void {
  reply.map(notes === undefined ? 3 : 4)
  if (notes !== undefined) {
    reply.bulkText('notes')
    reply.bulkText(notes)
  }
  reply.bulkText('flags')
  replyKeyFlags(reply, flags)
  reply.bulkText('begin_search')
  replyTyped(reply, begin.type)
  if (begin.type === 'index') replyNumbers(reply, [['index', begin.index]])
  else if (begin.type === 'keyword') {
    reply.map(2)
    reply.bulkText('keyword')
    reply.bulkText(begin.keyword.toUpperCase())
    reply.bulkText('startfrom')
    reply.integer(begin.startFrom)
  } else reply.map(0)
  reply.bulkText('find_keys')
  replyTyped(reply, find.type)
  if (find.type === 'range') {
    replyNumbers(reply, [
      ['lastkey', find.last],
      ['keystep', find.step],
      ['limit', find.limit],
    ])
  } else if (find.type === 'keynum') {
    replyNumbers(reply, [
      ['keynumidx', find.numIndex],
      ['firstkey', find.first],
      ['keystep', find.step],
    ])
  } else reply.map(0)
}

/** The head of a map of `type` and `spec`; the spec itself follows. */
function replyTyped(reply: ReplyWriter, type: string): void {
  reply.map(2)
  reply.bulkText('type')
  reply.bulkText(type)
  reply.bulkText('spec')
}

function replyNumbers(reply: ReplyWriter, pairs: readonly (readonly [string, number])[]): void {
  reply.map(pairs.length)
  for (const [name, value] of pairs) {
    reply.bulkText(name)
    reply.integer(value)
  }
}
