import { quoteArg, splitArgs } from '../bytes/split-args.js'

/** What a command line asks for. */
export type CommandLine =
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  /** `text` says what is wrong with it. */
  | { readonly kind: 'error'; readonly text: string }
  | {
      readonly kind: 'run'
      /** As it was given: relative to the working directory. */
      readonly configFile: string | null
      /** Config lines are to be read from standard input as well. */
      readonly stdin: boolean
      /** The options as config lines, a byte string, read after the file and standard input. */
      readonly overrides: string
    }

const NO_SENTINEL = 'redis-ts has no Sentinel mode. Let redis-sentinel watch it: redis-sentinel /path/to/sentinel.conf'

/**
 * Reads redis-server's command line, `[configfile | -] [--option value ...] ... [-]`, from the arguments behind the program's
 * name. Each `--option` starts a config line and the arguments up to the next one are its values. As in Redis 7:
 *
 * - an option takes at least one argument, even one that starts with `--`, but `--save` before another option or at the end
 *   is `save ""`;
 * - `"--port 7000"` as one argument is option and value;
 * - `-` as the first or last argument reads config lines from standard input;
 * - `--version`, `-v`, `--help`, `-h` count as the first argument only.
 *
 * Beyond Redis, `--config FILE` names the config file.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const first = argv[0]
  if (first === '-v' || first === '--version') return { kind: 'version' }
  if (first === '-h' || first === '--help') return { kind: 'help' }
  if (argv.includes('--sentinel')) return { kind: 'error', text: NO_SENTINEL }

  let configFile: string | null = null
  let stdin = false
  const lines: string[] = []
  // Whether the option before has a value, so that a further `--word` is an option and not that value.
  let complete = true
  for (let at = 0; at < argv.length; at++) {
    const arg = argv[at]
    const last = at === argv.length - 1
    if (at === 0 && !arg.startsWith('-')) {
      configFile = arg
    } else if (arg === '-' && (at === 0 || last)) {
      stdin = true
    } else if (complete && arg.startsWith('--')) {
      const line = byteString(arg.slice(2))
      const words = splitArgs(line)
      if (words?.[0] === 'config') {
        const file = words.length > 1 ? nativeString(words[1]) : argv[++at]
        if (file === undefined) return { kind: 'error', text: '--config needs the name of a file' }
        if (configFile !== null) return { kind: 'error', text: `Two config files: ${configFile} and ${file}` }
        configFile = file
        continue
      }
      complete = words?.length !== 1
      const emptySave = words?.length === 1 && arg.toLowerCase() === '--save' && (last || argv[at + 1].startsWith('--'))
      lines.push(emptySave ? `${line} ""` : line)
      if (emptySave) complete = true
    } else {
      const value = quoteArg(byteString(arg))
      const option = lines.pop()
      lines.push(option === undefined ? value : `${option} ${value}`)
      complete = true
    }
  }
  return { kind: 'run', configFile, stdin, overrides: lines.map(line => `${line}\n`).join('') }
}

function byteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function nativeString(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
