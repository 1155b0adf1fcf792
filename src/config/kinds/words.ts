import { quoteArg } from '../../bytes/split-args.js'
import type { Directive, ParseContext, Parsed } from '../directive.js'

/** The kinds whose value is a word or a text: yes/no, one of several names, a set of names, a byte string. */

export function bool(
  initial: boolean,
  flags = 0,
  alias: string | null = null,
  check?: (value: boolean, context: ParseContext) => string | null,
): Directive<boolean> {
  return {
    kind: 'bool',
    default: initial,
    flags,
    alias,
    parse(args, _previous, context): Parsed<boolean> {
      const word = args[0].toLowerCase()
      if (word !== 'yes' && word !== 'no') return { error: "argument must be 'yes' or 'no'" }
      return checked(word === 'yes', value => check?.(value, context) ?? null)
    },
    format: value => (value ? 'yes' : 'no'),
    rewrite: (name, value) => [{ text: `${name} ${value ? 'yes' : 'no'}`, force: value !== initial }],
  }
}

/** One of `names`, in any case. `synonyms` says which names are kept and shown as another. */
export function oneOf<const N extends string>(
  names: readonly N[],
  initial: NoInfer<N>,
  flags = 0,
  synonyms: { readonly [word in NoInfer<N>]?: NoInfer<N> } = {},
): Directive<N> {
  return {
    kind: 'enum',
    default: initial,
    flags,
    alias: null,
    parse(args): Parsed<N> {
      const word = args[0].toLowerCase()
      const named = names.find(name => name === word)
      return named === undefined ? { error: mustBeOneOf(names) } : { value: synonyms[named] ?? named }
    },
    format: value => value,
    rewrite: (name, value) => [{ text: `${name} ${value}`, force: value !== initial }],
  }
}

/** Any of `names` together, kept in the table's order; `none` is the word for the empty list. */
export function anyOf<const N extends string>(
  none: string,
  names: readonly N[],
  flags: number,
  check?: (value: readonly N[]) => string | null,
): Directive<readonly N[]> {
  const format = (value: readonly N[]) => (value.length === 0 ? none : value.join(' '))
  return {
    kind: 'set of names',
    default: [],
    flags,
    alias: null,
    parse(args): Parsed<readonly N[]> {
      const words = args.map(arg => arg.toLowerCase())
      if (words.length === 0 || !words.every(word => word === none || names.some(name => name === word))) {
        return { error: mustBeOneOf([none, ...names]) }
      }
      return checked(
        names.filter(name => words.includes(name)),
        value => check?.(value) ?? null,
      )
    },
    format,
    rewrite: (name, value) => [{ text: `${name} ${format(value)}`, force: value.length > 0 }],
  }
}

/** A text that may be empty. Ends at its first NUL, as it is handed to the operating system. */
export function text(
  initial: string,
  flags = 0,
  check?: (value: string) => string | null,
  alias: string | null = null,
): Directive<string> {
  return {
    kind: 'string',
    default: initial,
    flags,
    alias,
    parse: args => checked(upToNul(args[0]), value => check?.(value) ?? null),
    format: value => value,
    rewrite: (name, value) => [{ text: `${name} ${quoteArg(value)}`, force: value !== initial }],
  }
}

/** A text that is '' while it is not set; a rewritten file then has no line for it. */
export function optionalText(
  flags = 0,
  alias: string | null = null,
  check?: (value: string) => string | null,
): Directive<string> {
  return {
    ...text('', flags, check, alias),
    rewrite: (name, value) => (value === '' ? [] : [{ text: `${name} ${quoteArg(value)}`, force: true }]),
    override: (name, value) => [`${name} ${quoteArg(value)}`],
  }
}

/** As optionalText, but any byte counts, NUL as well: passwords. */
export function optionalBytes(flags = 0): Directive<string> {
  return { ...optionalText(flags), kind: 'bytes', parse: args => ({ value: args[0] }) }
}

function checked<V>(value: V, check: (value: V) => string | null): Parsed<V> {
  const error = check(value)
  return error === null ? { value } : { error }
}

function mustBeOneOf(names: readonly string[]): string {
  return `argument(s) must be one of the following: ${names.join(', ')}`
}

/** A text as it is handed to the operating system. */
export function upToNul(value: string): string {
  const nul = value.indexOf('\0')
  return nul < 0 ? value : value.slice(0, nul)
}
