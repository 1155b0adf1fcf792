/** The first line of a script or a library: the engine, and options ("#!lua flags=no-writes,allow-oom", "#!lua name=mylib"). */
import { splitArgs } from '../bytes/split-args.js'
import { SCRIPT_FLAGS, UNDECLARED } from './script-run.js'

export interface Shebang {
  readonly flags: number
  /** Where the code begins: the line's end stays, so that lines keep their numbers. */
  readonly codeFrom: number
}

/** Reads a script's first line; returns what is wrong with it as a text. Source: evalExtractShebangFlags in Redis's eval.c. */
export function readShebang(body: Buffer): Shebang | string {
  if (body[0] !== 35 || body[1] !== 33) return { flags: UNDECLARED, codeFrom: 0 }
  const end = body.indexOf(10)
  if (end < 0) return 'Invalid script shebang'
  const parts = splitArgs(body.toString('latin1', 0, end))
  if (parts === null || parts.length === 0) return 'Invalid engine in script shebang'
  if (parts[0] !== '#!lua') return `Unexpected engine in script shebang: ${parts[0]}`
  let flags = 0
  for (const part of parts.slice(1)) {
    if (!part.startsWith('flags=')) return `Unknown lua shebang option: ${part}`
    const names = part.slice('flags='.length)
    for (const name of names === '' ? [] : names.split(',')) {
      const flag = SCRIPT_FLAGS.find(([known]) => known === name)
      if (flag === undefined) return `Unexpected flag in script shebang: ${name}`
      flags |= flag[1]
    }
  }
  return { flags, codeFrom: end }
}
