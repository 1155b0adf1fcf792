import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { cli, freePort, hasStock, requireStock, startRedisServer } from './stock.js'

describe('the tests know which stock tools there are', () => {
  test('a program on PATH is found, another is not', () => {
    expect(hasStock('sh')).toBe(true)
    expect(hasStock('no-such-program')).toBe(false)
  })

  test('without CI a missing tool leaves a suite out, under CI it fails', () => {
    const before = process.env.CI
    try {
      const absent = 'no-such-program'
      delete process.env.CI
      expect(requireStock('sh')).toEqual({ skip: false })
      expect(requireStock('sh', absent)).toEqual({ skip: true })
      process.env.CI = 'true'
      expect(() => requireStock(absent)).toThrow('no-such-program is missing')
    } finally {
      if (before === undefined) delete process.env.CI
      else process.env.CI = before
    }
  })
})

describe('stock redis-server as a partner', requireStock('redis-server', 'redis-cli'), () => {
  test('starts on a free port, answers redis-cli, and stops', async () => {
    const server = await startRedisServer(['--save', ''], { config: 'requirepass secret\n' })
    expect(existsSync(`/proc/${server.pid}`)).toBe(true)
    expect(await cli(server.port, 'ping')).toBe('NOAUTH Authentication required.')
    expect(await cli(server.port, '-a', 'secret', 'echo', 'a b')).toBe('a b')
    const from = server.log().length
    expect(await server.stop()).toBe(0)
    expect(await server.waitForLog(/bye bye/, 1000, from)).toContain('Redis is now ready to exit')
    await expect(cli(server.port, 'ping')).rejects.toThrow('Could not connect')
  })

  test('a server that cannot start rejects with its log', async () => {
    await expect(startRedisServer(['--no-such-directive', '1'])).rejects.toThrow('Bad directive')
  })

  test('one that ends before the awaited line says so at once', async () => {
    const server = await startRedisServer()
    const wait = server.waitForLog('never logged')
    server.kill('SIGKILL')
    await expect(wait).rejects.toThrow('ended without logging never logged')
    expect(await server.exited).toBeNull()
  })

  test('ports are handed out once', async () => {
    const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()))
    expect(new Set(ports).size).toBe(20)
  })
})
