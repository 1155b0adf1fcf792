import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { quoteArg } from '../../bytes/split-args.js'
import type { Directive, Parsed } from '../directive.js'
import { strerror } from '../strerror.js'

/**
 * The working directory. Redis changes its process's directory; redis-ts, which may run inside another program, keeps it as
 * an absolute path that all relative paths are resolved against. A directory that is missing or may not be entered is
 * refused with the operating system's reason. The default, '', stands for the directory the process started in, which
 * Config fills in.
 */
export function directory(flags: number): Directive<string> {
  return {
    kind: 'directory',
    default: '',
    flags,
    alias: null,
    parse(args, _previous, context): Parsed<string> {
      try {
        return { value: enter(args[0], context.directory) }
      } catch (error) {
        return { error: strerror(error) }
      }
    },
    format: value => value,
    rewrite: (name, value) => [{ text: `${name} ${quoteArg(value)}`, force: true }],
  }
}

/** The real path of a directory, as getcwd() shows it after chdir(); throws what chdir() would. Byte strings in and out. */
function enter(name: string, from: string): string {
  if (name === '') throw Object.assign(new Error('No such file or directory'), { code: 'ENOENT', errno: -2 })
  const absolute = path.resolve(nativePath(from), nativePath(name))
  if (!statSync(absolute).isDirectory()) {
    throw Object.assign(new Error('Not a directory'), { code: 'ENOTDIR', errno: -20 })
  }
  accessSync(absolute, constants.X_OK)
  return bytePath(realpathSync(absolute))
}

/** A byte string (one char per byte) as the string that `fs` takes, which is read as UTF-8. */
export function nativePath(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** The inverse: a string from Node.js as a byte string. */
export function bytePath(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1')
}
