/**
 * Runs the shell examples of a section in one shell, one after another, in an empty directory, with `redis-ts` on the PATH. What a line
 * with redis-cli says behind two blanks and a `#` is what it has to print, lines joined by blanks; `...` stands for anything.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { freePort, REDIS_TS, tempDir } from '../interop/stock.js'
import type { Example } from './examples.js'

/** Ports in examples; those that tests listen on are others, which are free. */
const PORT = /\b(6379|6380|7\d\d\d|263\d\d)\b/g
const CHECKED = /^(.*\bredis-cli\b.*?) {2,}# (.+)$/

/** Files of conf/ name these. */
const CONF_PORTS = ['7000', '7001', '7002', '7003', '7100', '7101', '26379', '26380', '26381']

const CHECK = `
check() {
  local got=$(tr '\\n' ' ' <.printed | tr -d '\\r' | sed 's/ *$//')
  if [[ $got != $2 ]]; then echo "line $1: printed: $got"; echo "expected: $3"; exit 1; fi
}
`

/** Resolves when all went well; rejects with what was printed. */
export async function runShell(examples: readonly Example[]): Promise<void> {
  const dir = tempDir()
  const bin = join(dir, '.bin')
  mkdirSync(bin)
  symlinkSync(REDIS_TS, join(bin, 'redis-ts'))
  const ports = await portsOf(examples)
  copyFiles(join(process.cwd(), 'conf'), join(dir, 'conf'), ports)
  const script = examples.map(example => scriptOf(example, ports)).join('\n')
  const file = join(dir, '.session')
  writeFileSync(file, `set -euo pipefail\n${CHECK}\n${script}\n`)
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }
  const shell = spawn('bash', [file], { cwd: dir, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', bytes => (printed += bytes))
  const status = await new Promise(resolve => shell.once('exit', resolve))
  endGroup(shell.pid)
  await Promise.all([...ports.values()].map(shutDown))
  if (status !== 0) throw new Error(`exit status ${status}\n${printed}`)
}

async function portsOf(examples: readonly Example[]): Promise<Map<string, number>> {
  const names = examples.flatMap(({ text }) => [
    ...(text.match(PORT) ?? []),
    ...(/\bconf\b/.test(text) ? CONF_PORTS : []),
  ])
  const ports = new Map<string, number>()
  for (const name of new Set(names)) ports.set(name, await freePort())
  return ports
}

function withPorts(text: string, ports: ReadonlyMap<string, number>): string {
  return text.replace(PORT, port => String(ports.get(port) ?? port))
}

/** The files of a directory, which are about these ports as well. */
function copyFiles(from: string, to: string, ports: ReadonlyMap<string, number>): void {
  mkdirSync(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const target = join(to, withPorts(entry.name, ports))
    if (entry.isDirectory()) copyFiles(join(from, entry.name), target, ports)
    else writeFileSync(target, withPorts(readFileSync(join(from, entry.name), 'utf8'), ports))
  }
}

function scriptOf({ text, line }: Example, ports: ReadonlyMap<string, number>): string {
  return withPorts(text, ports)
    .split('\n')
    .map((command, at) => {
      const checked = CHECKED.exec(command)
      if (checked === null) return command
      const expected = checked[2].trim()
      const pattern = expected.split('...').map(quote).join('*')
      return `${checked[1]} >.printed 2>&1; check ${line + at} ${pattern} ${quote(expected)}`
    })
    .join('\n')
}

function quote(text: string): string {
  return text === '' ? '' : `'${text.replaceAll("'", "'\\''")}'`
}

/** What runs in the background of the shell. */
function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended.
  }
}

/** What runs as a daemon. */
function shutDown(port: number): Promise<void> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.write('AUTH default mypassword\r\nSHUTDOWN NOSAVE NOW\r\n'))
    socket.on('error', () => {})
    socket.on('close', () => resolve())
    socket.resume()
  })
}
