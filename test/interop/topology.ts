import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { infoFields, until } from './polling.js'
import { cli, type RunningServer, type StartOptions } from './stock.js'

/** startRedisTs or startRedisServer. */
export type Start = (args?: string[], options?: StartOptions) => Promise<RunningServer>

/** Of the servers of conf/, and of those below. */
export const PASSWORD = 'mypassword'

/** One command on a connection of its own, by redis-cli; logs in to servers with and without a password. */
export function ask(port: number, ...command: string[]): Promise<string> {
  return cli(port, '--no-auth-warning', '--user', 'default', '-a', PASSWORD, ...command)
}

export async function info(port: number): Promise<Map<string, string>> {
  return infoFields(await ask(port, 'INFO'))
}

/** A config file: servers that Sentinel reconfigures have to have one. */
export function serverConfig(...lines: string[]): string {
  return `${['save ""', 'repl-diskless-sync-delay 0', ...lines].join('\n')}\n`
}

/** What its config file says now. */
export function configFile(server: RunningServer): string {
  return readFileSync(join(server.dir, 'redis.conf'), 'utf8')
}

/** Waits until the server is a replica of the master on that port and has its data. */
export async function follows(port: number, master: number): Promise<void> {
  await until(`the server on port ${port} follows the one on port ${master}`, async () => {
    const fields = await info(port)
    return fields.get('master_port') === String(master) && fields.get('master_link_status') === 'up'
  })
}

/** Starts a server again on its files, as its init script would. */
export function startAgain(start: Start, server: RunningServer): Promise<RunningServer> {
  return start([], { port: server.port, dir: server.dir, config: configFile(server) })
}
