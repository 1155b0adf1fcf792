/** The package as its users have it: packed, and installed in a project with nothing else in it. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { tempDir } from '../interop/stock.js'

/** What to pack, and what makes package.json what it is then. The build is there: test/global-setup.ts sees to it. */
const PACKED = ['package.json', 'README.md', 'LICENSE', 'bin', 'conf', 'dist', 'build']

/** Packs a copy, since packing changes package.json for a moment, and a build would take dist/ from under other tests. */
export function pack(): string {
  const copy = tempDir()
  for (const name of PACKED) cpSync(name, join(copy, name), { recursive: true })
  run(copy, process.execPath, 'build/manifest.mjs', 'pack')
  const { stdout } = run(copy, 'npm', 'pack', '--ignore-scripts', '--json')
  const [{ filename }]: [{ filename: string }] = JSON.parse(stdout)
  return join(copy, filename)
}

export interface Project {
  readonly dir: string
  /** What npm said when it installed the package: stdout and stderr. */
  readonly said: string
  /** The folder of the package. */
  readonly package: string
  /** Writes a file of the project. */
  write(name: string, text: string): string
  /** Runs a program in it; throws with its output unless it ends with 0. */
  run(command: string, ...args: string[]): Output
}

/** `borrowed`: packages of this project's own that the other one can have as well. */
export function install(tarball: string, borrowed: readonly string[] = []): Project {
  const dir = tempDir()
  writeFileSync(join(dir, 'package.json'), '{}')
  const { stdout, stderr } = run(dir, 'npm', 'install', '--offline', '--no-audit', '--no-fund', tarball)
  for (const name of borrowed) {
    const place = join(dir, 'node_modules', name)
    mkdirSync(dirname(place), { recursive: true })
    symlinkSync(join(process.cwd(), 'node_modules', name), place, 'junction')
  }
  return {
    dir,
    said: stdout + stderr,
    package: join(dir, 'node_modules/redis-ts'),
    write(name, text) {
      const file = join(dir, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
      return file
    },
    run: (command, ...args) => run(dir, command, ...args),
  }
}

/** A program of this project's devDependencies, to run with `process.execPath`. */
export function binOf(name: string, bin = name): string {
  const folder = join(process.cwd(), 'node_modules', name)
  const { bin: bins }: { bin: string | Record<string, string> } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  )
  return join(folder, typeof bins === 'string' ? bins : bins[bin])
}

/** Paths of all files below a folder, relative to it. */
export function filesBelow(dir: string): string[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(dir.length + 1))
}

interface Output {
  readonly stdout: string
  readonly stderr: string
}

function run(cwd: string, command: string, ...args: string[]): Output {
  // Those of vitest and of the npm that runs the tests are not for others.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_ENV|JEST)/i.test(name)),
  )
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: { ...env, NO_COLOR: '1' },
    encoding: 'utf8',
    timeout: 50_000,
  })
  if (status !== 0)
    throw new Error(`${[command, ...args].join(' ')} ended with ${status}${error ?? ''}:\n${stdout}${stderr}`)
  return { stdout, stderr }
}
