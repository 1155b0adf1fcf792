import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { REDIS_TS, startRedisTs, tempDir } from '../interop/stock.js'
import { hasStock } from '../interop/stock-tools.js'

const UNIT = join(process.cwd(), 'deploy/redis-ts.service')

/** A unit is judged by where its program is: here that is this project's. */
function unitHere(): string {
  const file = join(tempDir(), 'redis-ts.service')
  writeFileSync(file, readFileSync(UNIT, 'utf8').replace('/usr/local/bin/redis-ts', REDIS_TS))
  return file
}

describe.skipIf(!hasStock('systemd-analyze'))('the unit', () => {
  test('has nothing that systemd does not understand', () => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', unitHere()], { encoding: 'utf8' })
    expect(stderr).not.toContain('redis-ts.service')
    expect(status).toBe(0)
  })

  test('leaves the server little that it could do harm with', () => {
    const options = ['security', '--offline=true', '--threshold=20', unitHere()]
    const { status, stdout } = spawnSync('systemd-analyze', options, { encoding: 'utf8' })
    expect(stdout).toMatch(/Overall exposure level for redis-ts\.service: [01]\.\d OK/)
    expect(status).toBe(0)
  })
})

test('its command line starts a server on the configuration that the page has it begin with', async () => {
  const page = readFileSync('docs/deployment.md', 'utf8')
  const begin = /sudo tee \/etc\/redis-ts\/redis\.conf[^\n]*<<'?CONF'?\n([\s\S]*?)\nCONF\n/.exec(page)?.[1] ?? ''
  const command = /^ExecStart=(.*)$/m.exec(readFileSync(UNIT, 'utf8'))?.[1] ?? ''
  const [, , ...options] = command.split(' ')
  const dir = tempDir()
  expect(begin).toContain('dir /var/lib/redis-ts')
  const server = await startRedisTs(options, { dir, config: begin.replace('/var/lib/redis-ts', dir) })
  expect(server.log()).toContain('NOTIFY_SOCKET not found')
  expect(await server.stop()).toBe(0)
})
