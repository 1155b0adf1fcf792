/**
 * CONFIG REWRITE. Redis writes and hopes; here the text is read again, with all that it includes, before it replaces the file: it
 * has to make what is in force, whatever an included file says, and a file that no server would start with is not written.
 */
import { readFileSync, realpathSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { Config, UserLines, UserStatement } from './config.js'
import { directives } from './directives.js'
import { ConfigFileError, readConfigText } from './file.js'
import { nativePath } from './kinds/directory.js'
import { isMissing, replaceFile } from './replace-file.js'
import { rewriteConfigText } from './rewrite.js'

/** Why nothing was written, for the client that has asked. */
export class RewriteRefused extends Error {}

/** What of a configuration the file's own lines do not decide, as far as it is known. */
type Findings = {
  /** Users declared in an included file or on the command line. No user may be declared twice. */
  readonly foreign: Map<string, UserStatement>
  /** Directives that included files set to something else. */
  readonly overriding: Set<string>
}

/**
 * Writes the values and users of `config` into `file` (a byte string). The new file replaces the old one in a single step and
 * keeps its mode; a missing file is written anew. Throws RewriteRefused or the file system's error, the old file then being
 * untouched.
 *
 * @param blank makes a configuration at its defaults, in the directory that this one began in.
 */
export function rewriteConfigFile(config: Config, file: string, all: boolean, blank: () => Config): void {
  const old = readOld(nativePath(file))
  const findings: Findings = { foreign: new Map(), overriding: new Set() }
  for (const user of config.users) if (user.source === 'command line') findings.foreign.set(user.name, user)
  while (true) {
    const users = config.userLines === null ? null : linesToWrite(config.userLines, findings.foreign)
    const text = rewriteConfigText(old, config.values, { all, users, overriding: findings.overriding })
    if (readsBack(text, config, file, blank(), findings)) {
      replaceFile(nativePath(file), text, config.disk)
      return
    }
  }
}

/** The lines of all users but those that stand elsewhere, which have to be what they are there. */
function linesToWrite(users: UserLines, foreign: ReadonlyMap<string, UserStatement>): string[] {
  const lines = new Map(users.all())
  for (const [name, statement] of foreign) {
    const line = lines.get(name)
    if (line !== users.of(statement)) {
      const fate = line === undefined ? 'is gone but declared' : 'is no longer as it was declared'
      throw new RewriteRefused(
        `user '${name}' ${fate} in ${statement.place}, which CONFIG REWRITE does not write: change it there`,
      )
    }
    lines.delete(name)
  }
  return [...lines.values()]
}

/**
 * Whether the text makes `config` again. If not, `findings` has got something new that the next text can heed; what no text
 * could heed is thrown as RewriteRefused.
 */
function readsBack(text: string, config: Config, file: string, blank: Config, findings: Findings): boolean {
  try {
    readConfigText(blank, text, file)
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error
    // A new `dir` leads relative includes astray, unless it stands behind them.
    if (findings.overriding.has('dir')) throw new RewriteRefused(`no server would start with it: ${error.reason}`)
    findings.overriding.add('dir')
    return false
  }
  let good = true
  for (const name of differences(config, blank)) {
    if (findings.overriding.has(name)) throw new RewriteRefused(`it would not set '${name}' to what is in force`)
    findings.overriding.add(name)
    good = false
  }
  if (config.userLines === null) return good
  for (const user of blank.users) {
    if (user.source === 'config file' || findings.foreign.has(user.name)) continue
    findings.foreign.set(user.name, user)
    good = false
  }
  if (good) refuseDuplicates(blank.users)
  return good
}

function refuseDuplicates(users: readonly UserStatement[]): void {
  const names = new Set<string>()
  for (const { name, place } of users) {
    if (names.has(name)) throw new RewriteRefused(`user '${name}' is declared twice, the second time in ${place}`)
    names.add(name)
  }
}

function differences(config: Config, other: Config): string[] {
  const ours: Readonly<Record<string, unknown>> = config.values
  const theirs: Readonly<Record<string, unknown>> = other.values
  return Object.keys(directives).filter(name =>
    name === 'dir'
      ? realpathSync(nativePath(config.values.dir)) !== nativePath(other.values.dir)
      : !isDeepStrictEqual(ours[name], theirs[name]),
  )
}

function readOld(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch (error) {
    if (isMissing(error)) return ''
    throw error
  }
}
