/**
 * Runs TypeScript examples as programs of a project that has redis-ts, and the clients and test runners they import, installed. A line
 * that ends in `// value` is one whose result has to be that value; `// rejects: text`, one that has to reject with that text.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { tempDir } from '../interop/stock.js'

const ROOT = process.cwd()
const TOOLS = join(ROOT, 'node_modules', '.bin')
const INSTALLED = ['ioredis', 'redis', 'vitest', '@types']

export interface Program {
  readonly file: string
  readonly text: string
}

/** A directory with these programs in it, as a project of its own. */
export function projectOf(programs: readonly Program[]): string {
  const dir = tempDir()
  const modules = join(dir, 'node_modules')
  mkdirSync(modules)
  symlinkSync(ROOT, join(modules, 'redis-ts'))
  for (const name of INSTALLED) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  writeFileSync(join(dir, 'package.json'), '{ "type": "module", "private": true }')
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(TSCONFIG))
  for (const { file, text } of programs) writeFileSync(join(dir, file), text)
  return dir
}

const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'NodeNext',
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  },
}

/** Resolves when the types of all programs are right. */
export function checkTypes(dir: string): Promise<void> {
  return run(dir, join(TOOLS, 'tsc'), ['-p', 'tsconfig.json'])
}

export function runProgram(dir: string, { file, text }: Program): Promise<void> {
  if (text.includes("from 'vitest'")) return run(dir, join(TOOLS, 'vitest'), ['run', '--root', dir, file])
  const checked = file.replace('.ts', '.checked.mjs')
  const { code } = transformSync(withChecks(text), { loader: 'ts', format: 'esm', target: 'node20', sourcefile: file })
  writeFileSync(join(dir, checked), code)
  return run(dir, process.execPath, [checked])
}

function withChecks(text: string): string {
  const lines = text.split('\n').map(line => {
    const [, indent, declared, expression, comment] = /^(\s*)(?:const (\w+) = )?(.+?) \/\/ (.+)$/.exec(line) ?? []
    if (comment === undefined) return line
    if (comment.startsWith('rejects: ')) {
      const text = JSON.stringify(comment.slice('rejects: '.length))
      return `${indent}await assert.rejects(async () => ${expression}, error => String(error.message).includes(${text}))`
    }
    if (!isValue(comment)) return line
    if (declared !== undefined)
      return `${line.slice(0, -comment.length - 4)}; assert.deepStrictEqual(${declared}, ${comment})`
    return `${indent}assert.deepStrictEqual(${expression}, ${comment})`
  })
  // In front of the first line, so that lines keep their numbers.
  return `import assert from 'node:assert'; ${lines.join('\n')}`
}

/** Whether a comment is a JavaScript value rather than words. */
function isValue(comment: string): boolean {
  try {
    new Function(`return (${comment})`)()
    return true
  } catch {
    return false
  }
}

function run(dir: string, program: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
    let printed = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', bytes => (printed += bytes))
    child.once('exit', status => (status === 0 ? resolve() : reject(new Error(`exit status ${status}\n${printed}`))))
    child.once('error', reject)
  })
}
