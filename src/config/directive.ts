/**
 * What a directive is. Every directive of Redis 7.2 is one `Directive` in the tables under `directives/`; the config
 * file, the command line, CONFIG GET, SET and REWRITE all follow from it.
 *
 * Texts are byte strings: one char per byte (latin1), since a password or file name may hold any byte.
 */

/** Not settable at run time ("can't set immutable config"). */
export const IMMUTABLE = 0x01
/** Takes a list of arguments rather than one. */
export const MULTI_ARG = 0x02
/** CONFIG GET shows it when named in full only, not for a pattern. */
export const HIDDEN = 0x04
/** CONFIG SET asks `enable-protected-configs` first. */
export const PROTECTED = 0x08
/** Its value is kept out of SLOWLOG, MONITOR and logs. */
export const SENSITIVE = 0x10
/** CONFIG SET answers -LOADING while a dataset is loaded. */
export const DENY_LOADING = 0x20
/** Setting the same value again applies it again: the file it names may have changed. */
export const VOLATILE = 0x40
/** redis-ts acts on it. Others are accepted, kept, shown and rewritten, with one warning. */
export const IMPLEMENTED = 0x80

/** What parsing gives: the value, or Redis's text for what is wrong. */
export type Parsed<V> = { readonly value: V } | { readonly error: string }

/** Where the arguments come from, for the few directives that treat a config file and CONFIG SET differently. */
export type ParseContext = {
  /** From a config file, standard input or the command line, not from CONFIG SET. */
  readonly fromFile: boolean
  /** The first line of this directive while the configuration is loaded. */
  readonly firstLine: boolean
  /** What relative paths are relative to: `dir` as it stands now. */
  readonly directory: string
}

/** A line for CONFIG REWRITE. Without `force` it only replaces a line that the file already has. */
export type RewriteLine = { readonly text: string; readonly force: boolean }

export interface Directive<V> {
  /** The type in a word or two, for documentation: 'bool', 'memory', 'seconds', ... */
  readonly kind: string
  readonly default: V
  /** A sum of the constants above. */
  readonly flags: number
  /** Another spelling, an older one or Valkey's, which is accepted and shown as well. */
  readonly alias: string | null
  /** `previous` is the value that stands, which some lists are merged into. */
  parse(args: readonly string[], previous: V, context: ParseContext): Parsed<V>
  /** The value's text as CONFIG GET shows it. */
  format(value: V): string
  /** The lines that set the value; none means that the file's own lines of this directive go. */
  rewrite(name: string, value: V): RewriteLine[]
  /** The lines that set the value whatever lines, of other files too, came before; without it, those of `rewrite` do. */
  override?(name: string, value: V): string[]
}

/** The directives of one theme, by name. */
export type DirectiveTable = Readonly<Record<string, Directive<unknown>>>
