import type { RawClient, RawReply } from './raw-client.js'
import { texts } from './raw-client.js'

/** What a server says of a command in COMMAND and COMMAND DOCS, but for prose. Lists are words, in the server's order. */
export interface CommandFacts {
  arity: number
  flags: string
  /** First key, last key, step. */
  range: string
  categories: string
  tips: string
  /** Each key spec: where to begin, which arguments are keys, flags; "notes" when it has some. */
  keys: string[]
  since: string
  group: string
  docFlags: string
  deprecatedSince: string
  /** The versions that changed it. */
  history: string
  /** Each argument in a line, those it consists of below it, indented. */
  arguments: string[]
  /** Which texts there are. */
  prose: string
}

const PROSE = ['summary', 'complexity', 'replaced_by']

/** The facts of every command and subcommand of a server, by full name. */
export async function commandFacts(client: RawClient): Promise<Record<string, CommandFacts>> {
  const docs = new Map<string, RawReply>()
  collectDocs(await client.call('COMMAND', 'DOCS'), docs)
  const commands = (await client.call('COMMAND')).elements ?? []
  return Object.fromEntries(commands.flatMap(command => describeCommand(command, docs)))
}

/** The value of a key in a map or a flat array; an empty reply when it is not there. */
export function at(reply: RawReply, key: string): RawReply {
  const elements = reply.elements ?? []
  const i = elements.findIndex(({ text }, index) => index % 2 === 0 && text === key)
  return i < 0 ? { type: '', text: null, elements: null } : elements[i + 1]
}

function collectDocs(map: RawReply, docs: Map<string, RawReply>): void {
  const elements = map.elements ?? []
  for (let i = 0; i < elements.length; i += 2) {
    docs.set(elements[i].text ?? '', elements[i + 1])
    collectDocs(at(elements[i + 1], 'subcommands'), docs)
  }
}

function describeCommand(reply: RawReply, docs: Map<string, RawReply>): [string, CommandFacts][] {
  const [name, arity, flags, first, last, step, categories, tips, keys, subcommands] = reply.elements ?? []
  const doc = docs.get(name.text ?? '') ?? { type: '', text: null, elements: null }
  const own: CommandFacts = {
    arity: Number(arity.text),
    flags: texts(flags).join(' '),
    range: `${first.text} ${last.text} ${step.text}`,
    categories: texts(categories).join(' '),
    tips: texts(tips).join(' '),
    keys: (keys.elements ?? []).map(keySpec),
    since: at(doc, 'since').text ?? '',
    group: at(doc, 'group').text ?? '',
    docFlags: texts(at(doc, 'doc_flags')).join(' '),
    deprecatedSince: at(doc, 'deprecated_since').text ?? '',
    history: (at(doc, 'history').elements ?? []).map(({ elements }) => elements?.[0].text).join(' '),
    arguments: (at(doc, 'arguments').elements ?? []).flatMap(argument => describeArgument(argument, '')),
    prose: PROSE.filter(part => at(doc, part).text !== null).join(' '),
  }
  return [[name.text ?? '', own], ...(subcommands.elements ?? []).flatMap(sub => describeCommand(sub, docs))]
}

function keySpec(spec: RawReply): string {
  const notes = at(spec, 'notes').text === null ? [] : ['notes']
  return [place(at(spec, 'begin_search')), place(at(spec, 'find_keys')), ...texts(at(spec, 'flags')), ...notes].join(
    ' ',
  )
}

/** A map of type and spec: "index 1", "range 0 1 0". */
function place(search: RawReply): string {
  const values = (at(search, 'spec').elements ?? []).filter((_, i) => i % 2 === 1)
  return [at(search, 'type').text, ...values.map(({ text }) => text)].join(' ')
}

function describeArgument(argument: RawReply, indent: string): string[] {
  const name = at(argument, 'name').text
  const display = at(argument, 'display_text').text
  const parts = [`${indent}${name}`, at(argument, 'type').text]
  if (display !== null && display !== name) parts.push(`display=${display}`)
  for (const [field, short] of [
    ['key_spec_index', 'key'],
    ['token', 'token'],
    ['since', 'since'],
    ['deprecated_since', 'deprecated'],
  ]) {
    const { text } = at(argument, field)
    if (text !== null) parts.push(`${short}=${text}`)
  }
  if (at(argument, 'summary').text !== null) parts.push('summary')
  const inner = at(argument, 'arguments').elements ?? []
  return [
    [...parts, ...texts(at(argument, 'flags'))].join(' '),
    ...inner.flatMap(part => describeArgument(part, `${indent}  `)),
  ]
}
