import { describe, expect, test } from 'vitest'
import { ask, inStep, linkUp } from '../interop/polling.js'
import { requireStock } from '../interop/stock.js'
import { type PageHost, startPageHost, textOf, useBrowser } from './browser.js'

const TOPOLOGY = { timeout: 20_000 }

function startReplica(master: PageHost, httpPort?: number): Promise<PageHost> {
  return startPageHost(['--replicaof', `127.0.0.1 ${master.port}`], httpPort === undefined ? {} : { httpPort })
}

describe('topology', requireStock('chromium'), () => {
  const { open } = useBrowser()

  test('a master shows its replicas as they come and go, and how far they are', async () => {
    const master = await startPageHost()
    const page = await open(master.url)
    await page.getByText('no replica').waitFor()

    const replica = await startReplica(master)
    await expect
      .poll(() => textOf(page, '.replicas'), TOPOLOGY)
      .toMatch(/online 0 B · 0 s behind|online 0 B · 1 s behind/)
    expect(await textOf(page, '.replicas .node')).toBe(`127.0.0.1:${replica.port} replica`)
    expect(await textOf(page, '.changes')).toContain(`replica 127.0.0.1:${replica.port} has come`)

    await ask(master.port, 'SET', 'key', 'x'.repeat(100_000))
    await inStep(master.port, replica.port)
    const offset = () => textOf(page, '.node.own dd >> nth=0').then(text => Number(text.replaceAll(',', '')))
    await expect.poll(offset, TOPOLOGY).toBeGreaterThan(100_000)

    replica.kill('SIGKILL')
    await page.getByText(`replica 127.0.0.1:${replica.port} has gone`).waitFor()
    await page.getByText('no replica').waitFor()
  })

  test('a replica shows that its master is killed, and becomes one', async () => {
    const master = await startPageHost()
    const replica = await startReplica(master)
    await linkUp(replica.port)
    const page = await open(replica.url)
    await expect.poll(() => textOf(page, '.chain > .link'), TOPOLOGY).toMatch(/^up heard [01] s ago$/)
    expect(await textOf(page, '.node.own .role')).toBe('replica · this node')
    expect(await textOf(page, '.chain > .node >> nth=0')).toBe(`127.0.0.1:${master.port} master`)

    master.kill('SIGKILL')
    await page.getByText(`link to 127.0.0.1:${master.port}: down`).waitFor()
    await page.locator('.chain > .link.bad').waitFor()

    await ask(replica.port, 'REPLICAOF', 'NO', 'ONE')
    await page.getByText('this node is a master now, no longer a replica').waitFor()
    expect(await textOf(page, '.node.own .role')).toBe('master · this node')
    expect(await page.locator('.chain > .node').count()).toBe(1)
    await expect.poll(() => textOf(page, '.glance'), TOPOLOGY).toMatch(/^role master/)
  })

  test('a page says that its server has gone, and goes on by itself when it is back', async () => {
    const server = await startPageHost()
    const page = await open(server.url)
    await expect.poll(() => textOf(page, '.glance'), TOPOLOGY).toContain('role master')

    server.kill('SIGKILL')
    await server.exited
    await page.getByText('The server does not answer. Asking again every second').waitFor()

    await startPageHost([], { port: server.port, httpPort: server.httpPort })
    await page.getByText('this server was started again').waitFor()
    expect(await page.locator('.away').count()).toBe(0)
  })

  test('a server that hangs is one that does not answer', async () => {
    const server = await startPageHost()
    const page = await open(server.url)
    await expect.poll(() => textOf(page, '.glance'), TOPOLOGY).toContain('role master')

    server.kill('SIGSTOP')
    await page.getByText('The server does not answer. Asking again every second').waitFor()
    server.kill('SIGCONT')
    await expect.poll(() => page.locator('.away').count(), TOPOLOGY).toBe(0)
  })
})
