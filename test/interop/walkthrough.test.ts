/**
 * The walkthrough that redis-ts was made for, step by step: a master and three replicas on one machine, with stock redis-cli,
 * Sentinel and HAProxy and the files in conf/. Every test goes on from where the one before it ended.
 */
import { execFile } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { confFile, sentinelConfFiles, startHaproxy } from './conf-files.js'
import { infoFields, until } from './polling.js'
import { Sentinels } from './sentinels.js'
import { cli, freePort, REDIS_TS, type RunningServer, requireStock, startRedisTs, tempDir } from './stock.js'
import { ask, follows, PASSWORD } from './topology.js'

const WITH_PASSWORD = ['--no-auth-warning', '-a', PASSWORD]
const REFUSED = "READONLY You can't write against a read only replica."
const NAMES = ['7000', '7001', '7002', '7003'] as const
type Name = (typeof NAMES)[number]
const REPLICAS = ['7001', '7002', '7003'] as const

const conf = (name: Name): string => join(process.cwd(), 'conf', `${name}.conf`)

/** Ports of the instances that the installer makes, in steps 1 to 3 and 7. */
const installedPorts = new Map<Name, number>()
/** What the configuration files name by the walkthrough's own ports listens here on free ones. */
const ports = new Map<Name, number>()
const dirs = new Map<Name, string>()
const servers = new Map<Name, RunningServer>()

function known<T>(map: Map<Name, T>, name: Name): T {
  const value = map.get(name)
  if (value === undefined) throw new Error(`${name} was not started: an earlier step failed`)
  return value
}
const installed = (name: Name): number => known(installedPorts, name)
const port = (name: Name): number => known(ports, name)
const confPorts = (): Map<number, number> => new Map([...ports].map(([name, free]) => [Number(name), free]))
const server = (name: Name): RunningServer => known(servers, name)
const redisCli = (name: Name, ...args: string[]): Promise<string> =>
  cli(port(name), ...(name === '7000' ? WITH_PASSWORD : []), ...args)
const info = async (name: Name): Promise<Map<string, string>> => infoFields(await redisCli(name, 'info'))

/** Starts it on a copy of its configuration file, for CONFIG REWRITE: only ports and the wait for more replicas are the test's. */
async function start(name: Name): Promise<void> {
  const dir = known(dirs, name)
  const copy = join(dir, `${name}.conf`)
  if (!existsSync(copy)) writeFileSync(copy, confFile(`${name}.conf`, confPorts()))
  const args = ['--config', copy, '--repl-diskless-sync-delay', '1']
  servers.set(name, await startRedisTs(args, { port: port(name), dir }))
}

async function arrived(names: readonly Name[], key: string, value: string): Promise<void> {
  for (const name of names) await until(`${key} on ${name}`, async () => (await redisCli(name, 'get', key)) === value)
}

describe('the walkthrough', requireStock('redis-cli'), () => {
  const root = tempDir()
  const file = (name: Name, what: string): string => join(root, `${name}-${what}`)
  const script = (name: Name): string => join(root, 'init.d', `redis_${installed(name)}`)

  function run(program: string, ...args: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      execFile(program, args, (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`))
      })
    })
  }

  afterAll(async () => {
    for (const name of installedPorts.keys()) if (existsSync(script(name))) await run(script(name), 'stop')
  })

  test('step 1: four instances are created by the installer', async () => {
    const create = async (name: Name): Promise<void> => {
      const stdout = await run(
        join(process.cwd(), 'bin', 'install-server'),
        '--yes',
        ...['--port', String(installed(name))],
        ...['--config', file(name, 'conf'), '--log', file(name, 'log'), '--data', file(name, 'data')],
        ...['--executable', REDIS_TS, '--pid', file(name, 'pid'), '--init-dir', join(root, 'init.d')],
      )
      expect(stdout).toContain('Installation successful!')
      expect(readFileSync(file(name, 'conf'), 'utf8')).toContain(`port ${installed(name)}\n`)
      expect(await cli(installed(name), 'ping')).toBe('PONG')
    }
    for (const name of NAMES) installedPorts.set(name, await freePort())
    mkdirSync(join(root, 'init.d'))
    await Promise.all(NAMES.map(create))
  })

  test('step 2: they run, one process each under its title, and their init scripts work', async () => {
    const processes = (await run('ps', '-eo', 'pid,args')).split('\n').map(line => line.trim())
    for (const name of NAMES) {
      const pid = readFileSync(file(name, 'pid'), 'utf8').trim()
      expect(processes.filter(line => line.endsWith(`*:${installed(name)}`))).toEqual([
        `${pid} redis-ts *:${installed(name)}`,
      ])
    }
    expect(await run(script('7000'), 'status')).toContain(`redis_${installed('7000')} is running`)
    await run(script('7000'), 'restart')
    expect(await cli(installed('7000'), 'ping')).toBe('PONG')
    await Promise.all(REPLICAS.map(name => run(script(name), 'stop')))
    for (const name of REPLICAS) await expect(cli(installed(name), 'ping')).rejects.toThrow('Could not connect')
  })

  test('step 3: the configuration files say who is whose replica, in old words and new', async () => {
    expect(readFileSync(conf('7000'), 'utf8')).toContain('\nrequirepass mypassword\n')
    for (const line of [
      'slaveof 127.0.0.1 7000',
      'masterauth mypassword',
      'repl-ping-slave-period 10',
      'repl-timeout 60',
    ]) {
      expect(readFileSync(conf('7001'), 'utf8')).toContain(`\n${line}\n`)
    }
    for (const line of ['replicaof 127.0.0.1 7000', 'repl-ping-replica-period 10']) {
      expect(readFileSync(conf('7002'), 'utf8')).toContain(`\n${line}\n`)
      expect(readFileSync(conf('7003'), 'utf8')).toContain(`\n${line}\n`)
    }
    // The installed master gets the password too: step 7 stops it by its script.
    appendFileSync(file('7000', 'conf'), `requirepass ${PASSWORD}\n`)
    await run(script('7000'), 'restart')
    expect(await cli(installed('7000'), 'ping')).toBe('NOAUTH Authentication required.')
  })

  test('step 4: all four start, and their logs tell how the replicas join', async () => {
    for (const name of NAMES) {
      ports.set(name, await freePort())
      dirs.set(name, tempDir())
    }
    await Promise.all(NAMES.map(start))
    const master = server('7000')
    for (const name of REPLICAS) {
      const replica = `127.0.0.1:${port(name)}`
      await master.waitForLog(`Replica ${replica} asks for synchronization`)
      await master.waitForLog(`Full resync requested by replica ${replica}`)
      await master.waitForLog(`Synchronization with replica ${replica} succeeded`)
    }
    const saved = [/\* Starting BGSAVE for SYNC with target: /, /\* Background RDB transfer started by pid \d+/]
    for (const line of [...saved, /\* Background RDB transfer terminated with success/]) await master.waitForLog(line)

    const replid = (await info('7000')).get('master_replid')
    for (const name of REPLICAS) {
      const replica = server(name)
      for (const line of [
        ` * Connecting to MASTER 127.0.0.1:${port('7000')}`,
        ' * MASTER <-> REPLICA sync started',
        ' * Non blocking connect for SYNC fired the event.',
        ' * Master replied to PING, replication can continue...',
        ' * Partial resynchronization not possible (no cached master)',
        ` * Full resync from master: ${replid}:`,
        ' * MASTER <-> REPLICA sync: receiving ',
        ' * MASTER <-> REPLICA sync: Flushing old data',
        ' * MASTER <-> REPLICA sync: Loading DB in memory',
        ' * MASTER <-> REPLICA sync: Finished with success',
      ]) {
        expect(await replica.waitForLog(line)).toContain(`${replica.pid}:S `)
      }
    }
    for (const name of NAMES) {
      for (const line of server(name).log().trimEnd().split('\n')) {
        expect(line).toMatch(/^\d+:[MSCX] \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3} [.\-*#] \S/)
      }
    }
    expect(master.log()).toContain(`${master.pid}:M `)
  })

  test('step 5: what is written on the master is read on every replica', async () => {
    expect(await redisCli('7000', 'keys', '*')).toBe('')
    expect(await redisCli('7000', 'set', 'replication_test', 'good')).toBe('OK')
    await arrived(REPLICAS, 'replication_test', 'good')
    for (const name of REPLICAS) expect(await redisCli(name, 'keys', '*')).toBe('replication_test')
  })

  test('step 6: a replica refuses writes', async () => {
    for (const name of REPLICAS) expect(await redisCli(name, 'set', 'replication_test', 'bad')).toBe(REFUSED)
    expect(await redisCli('7001', 'get', 'replication_test')).toBe('good')
  })

  test('step 7: the master stops, by its script and by redis-cli, whatever its password', async () => {
    expect(await run(script('7000'), 'stop')).toContain('stopped')
    expect(existsSync(file('7000', 'pid'))).toBe(false)

    expect(await redisCli('7000', 'shutdown')).toBe('')
    expect(await server('7000').exited).toBe(0)
    expect(server('7000').log()).toContain('3 of 3 replicas are in sync when shutting down.')
  })

  test('step 8: replicas without a master try every second, serve reads and refuse writes', async () => {
    for (const name of REPLICAS) {
      const replica = server(name)
      const lost = replica.log().lastIndexOf('Connection with master lost.')
      expect(lost).toBeGreaterThan(0)
      await until(`${name} has tried three times`, async () => {
        const tries =
          replica
            .log()
            .slice(lost)
            .match(/Connecting to MASTER|Reconnecting to MASTER/g) ?? []
        const errors =
          replica
            .log()
            .slice(lost)
            .match(/# Error condition on socket for SYNC: Connection refused/g) ?? []
        return tries.length >= 3 && errors.length >= 3
      })
      expect(await redisCli(name, 'get', 'replication_test')).toBe('good')
      expect(await redisCli(name, 'set', 'replication_test', 'bad')).toBe(REFUSED)
      expect((await info(name)).get('master_link_status')).toBe('down')
    }
  })

  test('step 9: the master is started again, and the replicas continue by a partial resync', async () => {
    const before = await info('7001')
    const replid = before.get('master_replid')
    const wanted = Number(before.get('slave_repl_offset')) + 1
    await start('7000')
    for (const name of REPLICAS) {
      const replica = server(name)
      await replica.waitForLog(`Trying a partial resynchronization (request ${replid}:${wanted}).`)
      await replica.waitForLog('Successful partial resynchronization with master.')
      const accepted = `Partial resynchronization request from 127.0.0.1:${port(name)} accepted.`
      expect(await server('7000').waitForLog(accepted)).toContain(`starting from offset ${wanted}.`)
    }
    const master = await info('7000')
    expect([master.get('sync_full'), master.get('sync_partial_ok')]).toEqual(['0', '3'])
    expect(master.get('master_replid2')).toBe(replid)
    expect(await redisCli('7000', 'get', 'replication_test')).toBe('good')
    expect(await redisCli('7000', 'set', 'after_restart', 'yes')).toBe('OK')
    await arrived(REPLICAS, 'after_restart', 'yes')
  })

  test('step 10: a replica is promoted by hand, and its siblings continue by a partial resync', async () => {
    await redisCli('7000', 'shutdown')
    expect(await server('7000').exited).toBe(0)
    const oldReplid = (await info('7001')).get('master_replid')

    expect(await redisCli('7001', 'slaveof', 'no', 'one')).toBe('OK')
    await server('7001').waitForLog('MASTER MODE enabled')
    await server('7001').waitForLog(`Setting secondary replication ID to ${oldReplid}, valid up to offset: `)
    for (const name of ['7002', '7003'] as const) {
      const from = server(name).log().length
      expect(await redisCli(name, 'config', 'set', 'masterauth', '')).toBe('OK')
      expect(await redisCli(name, 'slaveof', '127.0.0.1', String(port('7001')))).toBe('OK')
      await server(name).waitForLog(`Trying a partial resynchronization (request ${oldReplid}:`, 5000, from)
      await server(name).waitForLog('Successful partial resynchronization with master.', 5000, from)
      await server(name).waitForLog('Master replication ID changed to ', 5000, from)
    }
    const promoted = await info('7001')
    expect(promoted.get('role')).toBe('master')
    expect(promoted.get('connected_slaves')).toBe('2')
    expect([promoted.get('sync_full'), promoted.get('sync_partial_ok')]).toEqual(['0', '2'])

    expect(await redisCli('7001', 'set', 'new_master', 'writes')).toBe('OK')
    await arrived(['7002', '7003'], 'new_master', 'writes')
    expect(await redisCli('7002', 'get', 'replication_test')).toBe('good')
  })

  test('step 11: the old master comes back as a replica and takes over the data', async () => {
    await start('7000')
    expect(await redisCli('7000', 'get', 'new_master')).toBe('')
    expect(await redisCli('7000', 'replicaof', '127.0.0.1', String(port('7001')))).toBe('OK')
    await server('7000').waitForLog('MASTER <-> REPLICA sync: Finished with success')
    await arrived(['7000'], 'new_master', 'writes')
    expect(await redisCli('7000', 'set', 'replication_test', 'bad')).toBe(REFUSED)
    expect((await info('7000')).get('role')).toBe('slave')

    expect(await redisCli('7001', 'hset', 'all', 'four', 'agree')).toBe('1')
    for (const name of NAMES) {
      await until(`the hash on ${name}`, async () => (await redisCli(name, 'hget', 'all', 'four')) === 'agree')
      const keys = (await redisCli(name, 'keys', '*')).split('\n').sort()
      expect(keys).toEqual(['after_restart', 'all', 'new_master', 'replication_test'])
      expect(await redisCli(name, 'mget', 'after_restart', 'new_master', 'replication_test')).toBe('yes\nwrites\ngood')
    }
  })
  const failover = requireStock('redis-sentinel', 'haproxy')
  test('step 12: Sentinel fails over without a person, and HAProxy follows', failover, async () => {
    // From now on each of the four may become the master: all get its password, and ask for it, after a restart, too.
    for (const name of NAMES) {
      expect(await redisCli(name, 'config', 'set', 'requirepass', PASSWORD, 'masterauth', PASSWORD)).toBe('OK')
      expect(await ask(port(name), 'config', 'rewrite')).toBe('OK')
    }
    const frontends = { write: await freePort(), read: await freePort() }
    const write = (...command: string[]): Promise<string> => ask(frontends.write, ...command)
    const read = (...command: string[]): Promise<string> => ask(frontends.read, ...command)
    const haproxy = await startHaproxy(new Map([...confPorts(), [7100, frontends.write], [7101, frontends.read]]), 7001)
    // The files watch 7000; the master is 7001 since step 10.
    const configs = sentinelConfFiles(new Map([[7000, port('7001')]]))
    const sentinels = await Sentinels.start({ configs, replicas: 3 })
    expect(await write('SET', 'before', 'failover')).toBe('OK')

    const killed = sentinels.now()
    server('7001').kill('SIGKILL')
    const promoted = await sentinels.switched(killed)
    const others = NAMES.map(port).filter(each => each !== promoted && each !== port('7001'))
    for (const other of others) await follows(other, promoted)
    await until('HAProxy has found the new master', async () => (await write('SET', 'after', 'failover')) === 'OK')
    expect((await write('CONFIG', 'GET', 'port')).split('\n')[1]).toBe(String(promoted))
    await until('what was written is read', async () => (await read('GET', 'after')) === 'failover')
    expect(await read('MGET', 'before', 'new_master', 'replication_test')).toBe('failover\nwrites\ngood')

    await start('7001')
    await follows(port('7001'), promoted)
    await until('it has the data', async () => (await ask(port('7001'), 'GET', 'after')) === 'failover')
    await sentinels.stop()
    await haproxy.stop()
  })
})
