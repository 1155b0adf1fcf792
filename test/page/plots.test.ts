import { describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { requireStock } from '../interop/stock.js'
import { startPageHost, textOf, useBrowser } from './browser.js'

const NEXT_SECONDS = { timeout: 15_000 }

describe('plots', requireStock('chromium'), () => {
  const { open } = useBrowser()

  test('show what the server does, as it does it', async () => {
    const server = await startPageHost()
    const page = await open(server.url)
    const plot = (title: string) => textOf(page, `figure[aria-label="${title}"] dl`)
    await expect.poll(() => plot('Keys'), NEXT_SECONDS).toBe('keys 0')
    expect(await page.locator('.plot canvas').count()).toBe(9)

    const client = await RawClient.connect(server.port)
    await client.pipeline(Array.from({ length: 2000 }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(1000)]))
    await expect.poll(() => plot('Keys'), NEXT_SECONDS).toBe('keys 2.00k')
    await expect
      .poll(() => plot('Memory'), NEXT_SECONDS)
      .toMatch(/used [\d.]+ MiB rss [\d.]+ MiB data [1-9][\d.]* MiB$/)
    expect(await plot('Clients')).toBe('connected 1 blocked 0')

    // Three of four reads are of keys that exist.
    const reads = Array.from({ length: 400 }, (_, i) => ['GET', i % 4 === 0 ? 'nothing' : `key:${i}`])
    await expect
      .poll(async () => {
        await client.pipeline(reads)
        return plot('Hit rate')
      }, NEXT_SECONDS)
      .toBe('hits 75.0 %')
    expect(await plot('Operations a second')).not.toBe('ops 0')
    expect(await plot('Latency of commands')).toMatch(/^p50 [\d.]+ .s p99 [\d.]+ .s p99.9 [\d.]+ .s$/)
    client.close()
  })

  test('the last minutes are there when a page is opened', async () => {
    const server = await startPageHost()
    const client = await RawClient.connect(server.port)
    await client.pipeline(Array.from({ length: 500 }, (_, i) => ['SET', `key:${i}`, 'x']))
    const first = await open(server.url)
    await expect.poll(() => textOf(first, 'figure[aria-label="Keys"] dl'), NEXT_SECONDS).toBe('keys 500')
    await client.call('FLUSHALL')
    await expect.poll(() => textOf(first, 'figure[aria-label="Keys"] dl'), NEXT_SECONDS).toBe('keys 0')

    // Narrow, so that a plot is as wide as the page and a second is a pixel.
    const second = await open(server.url, { viewport: { width: 740, height: 800 } })
    await expect.poll(() => textOf(second, 'figure[aria-label="Keys"] dl'), NEXT_SECONDS).toBe('keys 0')
    const canvas = second.locator('figure[aria-label="Keys"] .canvas')
    await canvas.scrollIntoViewIfNeeded()
    const box = (await canvas.boundingBox())!
    // Under the pointer, some seconds back: the keys that were there then.
    const seen = new Set<string>()
    for (let x = 0; x < 60; x += 0.5) {
      await second.mouse.move(box.x + box.width - 18 - x, box.y + 50)
      seen.add(await textOf(second, 'figure[aria-label="Keys"] dl'))
    }
    expect([...seen]).toContain('keys 500')
    client.close()
  })
})
