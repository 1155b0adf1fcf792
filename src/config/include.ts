import { readdirSync } from 'node:fs'
import path from 'node:path'
import { Glob } from '../bytes/glob.js'

/** Whether an include names files by a pattern; only then may it name none. */
export function isFilePattern(name: string): boolean {
  return /[*?[]/.test(name)
}

/**
 * The files that a pattern names, sorted, as glob(3): `*`, `?` and `[a-z]` or `[!a-z]` within each part of the path, and a
 * leading dot only matched by a dot. Directories that cannot be read match nothing. Strings as `fs` takes them.
 */
export function filesMatching(pattern: string, directory: string): string[] {
  const absolute = path.resolve(directory, pattern)
  const { root } = path.parse(absolute)
  let found = [root]
  for (const part of absolute.slice(root.length).split(path.sep)) {
    found = isFilePattern(part)
      ? found.flatMap(parent => entriesMatching(parent, part))
      : found.map(parent => path.join(parent, part))
  }
  return found.sort()
}

function entriesMatching(directory: string, pattern: string): string[] {
  const glob = new Glob(Buffer.from(pattern.replaceAll('[!', '[^')))
  return entries(directory)
    .filter(name => !name.startsWith('.') || pattern.startsWith('.'))
    .filter(name => glob.matches(Buffer.from(name), 0, Buffer.byteLength(name)))
    .map(name => path.join(directory, name))
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
