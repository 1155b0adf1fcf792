import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { HOW_TO_GET, hasStock } from './interop/stock-tools.js'

/** Runs once before all tests: dist/ is as new as src/, and every stock tool that is missing is named. */
export default function setup(): void {
  buildWhenOlder()
  nameMissingTools()
}

const BUILT = join('dist', 'cli.js')

function buildWhenOlder(): void {
  if (!existsSync(join('src', 'cli.ts'))) return
  const sources = filesUnder('src').map(file => statSync(file).mtimeMs)
  if (existsSync(BUILT) && statSync(BUILT).mtimeMs > Math.max(...sources)) return
  const startedAt = new Date()
  const tsc = spawnSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { encoding: 'utf8' })
  for (const step of ['build/wasm.mjs', 'build/page.mjs', 'build/bundle.mjs']) {
    const { status, stderr } = spawnSync('node', [step], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${step} failed:\n${stderr.slice(0, 2000)}`)
  }
  // tsc writes its output in spite of type errors, and `npm run check` is what judges those; only CI takes no such build.
  if (tsc.status !== 0) {
    const what = `tsc -p tsconfig.build.json failed:\n${(tsc.stdout + tsc.stderr).slice(0, 2000)}`
    if (process.env.CI) throw new Error(what)
    console.warn(what)
  }
  // Stamped with the build's start, so that a source that changed while it ran counts as newer.
  if (existsSync(BUILT)) utimesSync(BUILT, startedAt, startedAt)
}

/** One line per missing tool, with the test files that requireStock() leaves out for it. */
function nameMissingTools(): void {
  const users = new Map<string, string[]>()
  for (const file of filesUnder('test').filter(name => name.endsWith('.test.ts'))) {
    for (const [, names] of readFileSync(file, 'utf8').matchAll(/requireStock\(([^)]*)\)/g)) {
      for (const [, name] of names.matchAll(/'([^']+)'/g)) users.set(name, [...(users.get(name) ?? []), file])
    }
  }
  for (const [name, files] of users) {
    if (hasStock(name)) continue
    const get = HOW_TO_GET[name] ?? `install ${name}`
    console.warn(`${name} is not installed; left out: ${[...new Set(files)].join(', ')}. To run them: ${get}`)
  }
}

function filesUnder(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap(entry =>
    entry.isDirectory() ? filesUnder(join(dir, entry.name)) : [join(dir, entry.name)],
  )
}
