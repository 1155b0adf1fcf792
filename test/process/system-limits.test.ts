import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { askText, until } from '../interop/polling.js'
import { freePort, REDIS_TS, startRedisTs, tempDir } from '../interop/stock.js'

describe.skipIf(!existsSync('/proc/self/limits'))('what the system allows', () => {
  test('maxclients is lowered to it at the start, and cannot be raised above it', async () => {
    const port = await freePort()
    const script = `ulimit -n 400 && exec "${REDIS_TS}" --port ${port} --save '' --dir "${tempDir()}"`
    let log = ''
    const child = execFile('sh', ['-c', script])
    child.stdout?.on('data', data => {
      log += data
    })
    try {
      await until('it answers', async () => (await askText(port, 'PING')) === 'PONG')
      expect(log).toContain('You requested maxclients of 10000 requiring at least 10032 max file descriptors.')
      expect(log).toContain('Current maximum open files is 400. maxclients has been reduced to 368')
      expect(await askText(port, 'INFO', 'clients')).toContain('maxclients:368\r\n')
      expect(await askText(port, 'CONFIG', 'SET', 'maxclients', '369')).toBe(
        "ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system is not able to handle the specified number of clients, try with 368",
      )
      expect(await askText(port, 'CONFIG', 'SET', 'maxclients', '368')).toBe('OK')
    } finally {
      child.kill('SIGKILL')
    }
  })

  test('a backlog longer than the kernel grants is worth a warning', async () => {
    const server = await startRedisTs(['--save', '', '--tcp-backlog', '2000000000'])
    await server.waitForLog(
      /WARNING: The TCP backlog setting of 2000000000 cannot be enforced because \/proc\/sys\/net\/core\/somaxconn is set to the lower value of \d+\./,
    )
    await server.stop()
  })
})
