/** A server in a process whose timers are all fake: faked-process.mjs all-before|all-after|mocks LIBRARY. Says how far it comes. */
import { mkdtempSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import FakeTimers from '@sinonjs/fake-timers'

const [fakes, library] = process.argv.slice(2)
const realImmediate = setImmediate
const exit = process.exit.bind(process)

function install() {
  if (fakes !== 'mocks') FakeTimers.install({ now: 0 })
  else {
    for (const name of ['setTimeout', 'setInterval', 'setImmediate']) globalThis[name] = () => ({ unref() {} })
    for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate']) globalThis[name] = () => {}
  }
}

if (fakes !== 'all-after') install()
const { createServer } = await import(library)
if (fakes === 'all-after') install()

const dir = mkdtempSync(join(tmpdir(), 'redis-ts-faked-'))
const steps = []
const server = await createServer({ dir, save: [3600, 1] })
steps.push('started')
await server.command('SET', 'key', 'value', 'PX', 20)
await server.command('BLPOP', 'list', 0.05)
steps.push('waited')
if ((await server.command('EXISTS', 'key')) === 0) steps.push('expired')
await server.command('SET', 'key', 'value')
await server.command('BGSAVE')
while (!/rdb_bgsave_in_progress:0/.test(await server.command('INFO', 'persistence'))) {
  await new Promise(resolve => realImmediate(resolve))
}
steps.push('saved')
const unix = await createServer({ bind: '', unixsocket: join(dir, 'socket') })
await unix.close()
steps.push('unix')
await server.close()
steps.push('closed')
rmSync(dir, { recursive: true })
writeSync(1, `${steps.join(', ')}\n`)
exit(0)
