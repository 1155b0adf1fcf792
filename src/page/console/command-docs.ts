import { elementsIn, fieldsIn, type Reply, textIn } from '../server/reply.js'

/** A command as COMMAND DOCS tells of it. */
export interface CommandDoc {
  /** In capitals; a subcommand's behind its container's. */
  name: string
  summary: string
  since: string
  group: string
  complexity: string
  args: Argument[]
}

interface Argument {
  type: string
  name: string
  token: string | null
  optional: boolean
  multiple: boolean
  /** The token comes again with each repetition. */
  multipleToken: boolean
  args: Argument[]
}

/** The commands and their subcommands, by name. */
export function parseCommandDocs(reply: Reply): CommandDoc[] {
  return docsIn(reply, '').sort((a, b) => (a.name < b.name ? -1 : 1))
}

function docsIn(reply: Reply, container: string): CommandDoc[] {
  return [...fieldsIn(reply)].flatMap(([fullName, facts]) => {
    const name = container + fullName.slice(fullName.indexOf('|') + 1).toUpperCase()
    const fields = fieldsIn(facts)
    const text = (field: string) => textIn(fields.get(field) ?? '')
    const doc: CommandDoc = {
      name,
      summary: text('summary'),
      since: text('since'),
      group: text('group'),
      complexity: text('complexity'),
      args: elementsIn(fields.get('arguments') ?? null).map(argumentIn),
    }
    return [doc, ...docsIn(fields.get('subcommands') ?? { map: [] }, `${name} `)]
  })
}

function argumentIn(reply: Reply): Argument {
  const fields = fieldsIn(reply)
  const flags = new Set(elementsIn(fields.get('flags') ?? null).map(textIn))
  return {
    type: textIn(fields.get('type')!),
    name: textIn(fields.get('display_text') ?? fields.get('name') ?? ''),
    token: fields.has('token') ? textIn(fields.get('token')!) : null,
    optional: flags.has('optional'),
    multiple: flags.has('multiple'),
    multipleToken: flags.has('multiple_token'),
    args: elementsIn(fields.get('arguments') ?? null).map(argumentIn),
  }
}

/** What may stand behind the command's name. */
export function syntaxOf(args: readonly Argument[]): string {
  return args.map(argumentText).join(' ')
}

function argumentText(arg: Argument): string {
  const text = repeated(arg)
  return arg.optional ? `[${text}]` : text
}

function repeated(arg: Argument): string {
  const value = valueText(arg)
  const once = [arg.token === null ? null : arg.token || '""', value].filter(part => part !== null).join(' ')
  if (!arg.multiple) return once
  return `${once} [${arg.multipleToken ? once : value} ...]`
}

function valueText(arg: Argument): string | null {
  if (arg.type === 'pure-token') return null
  if (arg.type === 'block') return syntaxOf(arg.args)
  if (arg.type !== 'oneof') return arg.name
  const choices = arg.args.map(argumentText).join('|')
  // Brackets of its own, unless those of the option say where the choice ends.
  return arg.optional && arg.token === null ? choices : `<${choices}>`
}

/** What is still to come behind these words. */
export function hintFor(doc: CommandDoc, words: readonly string[]): string {
  const args = [...doc.args]
  const typed = new Set(words.map(word => word.toUpperCase()))
  for (let left = words.length; left > 0 && args.length > 0; left--) {
    const [next] = args
    const plain = next!.token === null && next!.type !== 'block' && next!.type !== 'oneof'
    if (next!.optional || !plain) break
    if (next!.multiple) {
      args[0] = { ...next!, optional: true, multiple: true }
      return [`[${next!.name} ...]`, ...args.slice(1).map(argumentText)].join(' ')
    }
    args.shift()
  }
  return args
    .filter(arg => !arg.optional || !tokensOf(arg).some(token => typed.has(token)))
    .map(argumentText)
    .join(' ')
}

function tokensOf(arg: Argument): string[] {
  return [...(arg.token ? [arg.token] : []), ...(arg.type === 'oneof' ? arg.args.flatMap(tokensOf) : [])]
}

/** The command that a line begins with (a subcommand before its container), and how many words name it. */
export function docOf(docs: ReadonlyMap<string, CommandDoc>, words: readonly string[]): [CommandDoc, number] | null {
  const names = words.slice(0, 2).map(word => word.toUpperCase())
  const sub = names.length === 2 ? docs.get(names.join(' ')) : undefined
  if (sub) return [sub, 2]
  const doc = docs.get(names[0] ?? '')
  return doc ? [doc, 1] : null
}

/** The commands whose names begin so: the completions of a line without arguments yet. */
export function completionsOf(docs: readonly CommandDoc[], line: string): CommandDoc[] {
  const start = line.trimStart().toUpperCase().replace(/\s+/g, ' ')
  if (start === '') return []
  return docs.filter(doc => doc.name.startsWith(start) && doc.name !== start)
}

/** What `help` answers: of a command, of a `@group`, or how to ask. */
export function helpText(docs: readonly CommandDoc[], topic: readonly string[]): string {
  const wanted = topic.join(' ').toUpperCase()
  if (wanted.startsWith('@')) {
    const found = docs.filter(doc => doc.group.toUpperCase() === wanted.slice(1))
    if (found.length > 0) return found.map(doc => commandHelp(doc, false)).join('\n\n')
  } else if (wanted !== '') {
    const found = docs.filter(doc => doc.name === wanted || doc.name.startsWith(`${wanted} `))
    if (found.length > 0) return found.map(doc => commandHelp(doc, true)).join('\n\n')
  }
  const groups = [...new Set(docs.map(doc => `@${doc.group}`))].sort().join(' ')
  return [
    ...(wanted === '' ? [] : [`There is no help for ${topic.join(' ')}.`, '']),
    'help <command>   what a command does',
    `help @<group>    the commands of a group: ${groups}`,
    'Tab completes, up and down go through what was typed before, Ctrl-L or "clear" clears.',
  ].join('\n')
}

function commandHelp(doc: CommandDoc, whole: boolean): string {
  return [
    `${doc.name} ${syntaxOf(doc.args)}`.trimEnd(),
    `summary: ${doc.summary}`,
    `since: ${doc.since}`,
    ...(whole ? [`group: ${doc.group}`, ...(doc.complexity ? [`complexity: ${doc.complexity}`] : [])] : []),
  ].join('\n  ')
}
