/** The command `redis-ts`: redis-server's command line, a server in this process, signals. */
import fs from 'node:fs'
import { parseCommandLine } from './config/command-line.js'
import { Config } from './config/config.js'
import { ConfigFileError, loadConfig } from './config/file.js'
import { Http } from './http/http.js'
import { Log } from './observe/log.js'
import { logo, showsLogo } from './process/logo.js'
import { OwnProcess } from './process/own-process.js'
import { daemonize, isDaemonChild, refuseToStart } from './process/process.js'
import { findSupervisor } from './process/supervision.js'
import { HELP, VERSION_LINE } from './process/version.js'
import { Server } from './server/server.js'

async function main(): Promise<void> {
  const command = parseCommandLine(process.argv.slice(2))
  if (command.kind === 'version') return void process.stdout.write(`${VERSION_LINE}\n`)
  if (command.kind === 'help') return void process.stdout.write(HELP)
  if (command.kind === 'error') return refuseToStart(command.text)
  const config = new Config()
  let stdin: string | null = null
  try {
    if (command.stdin) stdin = fs.readFileSync(0, 'latin1')
    loadConfig(config, { file: command.configFile, stdin, overrides: command.overrides })
  } catch (error) {
    if (error instanceof ConfigFileError) return refuseToStart(error.message)
    throw error
  }
  // A supervisor watches the process that it started.
  const background = config.values.daemonize && findSupervisor(config) === 'no'
  if (background && !isDaemonChild()) process.exit(await daemonize(stdin))
  await run(config, command.configFile === null)
}

async function run(config: Config, withoutFile: boolean): Promise<void> {
  const log = new Log()
  log.setLevel(config.values.loglevel)
  try {
    if (config.values.logfile !== '') log.setFile(config.path(config.values.logfile))
  } catch (error) {
    return refuseToStart(`Can't open the log file: ${(error as Error).message}`)
  }
  const { values } = config
  if (values['syslog-enabled']) log.setSyslog(values['syslog-ident'], values['syslog-facility'])
  log.notice('oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo')
  log.notice(`${VERSION_LINE}, pid=${process.pid}, just started`)
  if (withoutFile)
    log.warning(
      'Warning: no config file specified, using the default config. In order to specify a config file use redis-ts /path/to/redis.conf',
    )
  else log.notice('Configuration loaded')
  for (const warning of config.warnings) log.warning(warning)
  let server: Server
  try {
    server = new Server(config, log, code => process.exit(code))
  } catch (error) {
    if (error instanceof ConfigFileError) return refuseToStart(error.message)
    throw error
  }
  new Http(server)
  const own = new OwnProcess(server)
  try {
    if (showsLogo(values)) log.raw('notice', logo(VERSION_LINE, values.port))
    else log.notice(`Running mode=standalone, port=${values.port}, PID: ${process.pid}.`)
    await server.start()
  } catch (error) {
    log.warning((error as Error).message)
    process.exit(1)
  }
  own.started()
}

void main()
