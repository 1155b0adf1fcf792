import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningProgram, startProgram, tempDir } from './stock.js'

/** What the files of conf/ call 7000 (a server), 7100 (HAProxy) and so on listens in tests on free ports: from those to these. */
export type Ports = ReadonlyMap<number, number>

/** The text of a file of conf/, with these ports. */
export function confFile(name: string, ports: Ports): string {
  const text = readFileSync(join(process.cwd(), 'conf', name), 'utf8')
  return text.replace(/\b7[01]\d\d\b/g, port => String(ports.get(Number(port)) ?? port))
}

/** The files of conf/sentinel, one for each of the three, noticing after a second that a server is down. */
export function sentinelConfFiles(ports: Ports): string[] {
  return ['sentinel-26379.conf', 'sentinel-26380.conf', 'sentinel-26381.conf'].map(name =>
    confFile(join('sentinel', name), ports).replace('mymaster 5000', 'mymaster 1000'),
  )
}

/**
 * Stock HAProxy on conf/haproxy.cfg; resolves when it knows which server is the master. At its start it takes all for good, until
 * they have failed its first check.
 */
export async function startHaproxy(ports: Ports, master: number): Promise<RunningProgram> {
  const file = join(tempDir(), 'haproxy.cfg')
  writeFileSync(file, confFile('haproxy.cfg', ports))
  const others = [7000, 7001, 7002, 7003].filter(name => name !== master)
  const name = (server: number): string => String(ports.get(server))
  const haproxy = await startProgram('haproxy', ['-db', '-f', file], { name: 'haproxy', ready: 'is DOWN' })
  for (const other of others) await haproxy.waitForLog(`Server master/${name(other)} is DOWN`)
  await haproxy.waitForLog(`Server replicas/${name(master)} is DOWN`)
  return haproxy
}
