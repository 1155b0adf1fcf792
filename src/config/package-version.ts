import fs from 'node:fs'

let known: string | null = null

/** This package's version, from its package.json: two folders up from a module, one up from the bundle. */
export function packageVersion(): string {
  known ??= readVersion()
  return known
}

function readVersion(): string {
  for (const place of ['../../package.json', '../package.json']) {
    const file = new URL(place, import.meta.url)
    if (!fs.existsSync(file)) continue
    const parsed: unknown = JSON.parse(fs.readFileSync(file, 'utf8'))
    if (typeof parsed !== 'object' || parsed === null || !('name' in parsed) || parsed.name !== 'redis-ts') continue
    return 'version' in parsed ? String(parsed.version) : '0.0.0'
  }
  return '0.0.0'
}
