/** The first line of a library: its engine and its name ("#!lua name=mylib"). */
import { splitArgs } from '../../bytes/split-args.js'

const NUMBER_SIGN = 35
const EXCLAMATION_MARK = 33
const LINE_FEED = 10

export interface LibraryHeader {
  /** As it is written: "lua", "LUA". */
  readonly engine: string
  readonly name: string
  /** Where the code begins: the line's end stays, so that lines keep their numbers. */
  readonly codeFrom: number
}

/** Reads a library's first line; returns what is wrong with it as a text. Source: functionExtractLibMetaData in Redis's functions.c. */
export function readHeader(code: Buffer): LibraryHeader | string {
  if (code[0] !== NUMBER_SIGN || code[1] !== EXCLAMATION_MARK) return 'Missing library metadata'
  const end = code.indexOf(LINE_FEED)
  const line = code.toString('latin1', 0, Math.max(0, end))
  const parts = line.includes('\0') ? null : splitArgs(line)
  if (parts === null || parts.length === 0) return 'Invalid library metadata'
  let name: string | null = null
  for (const part of parts.slice(1)) {
    if (!/^name=/i.test(part)) return `Invalid metadata value given: ${part}`
    if (name !== null) return 'Invalid metadata value, name argument was given multiple times'
    name = part.slice('name='.length)
  }
  if (name === null) return 'Library name was not given'
  return { engine: parts[0].slice('#!'.length), name, codeFrom: end }
}
