import { describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { ask } from '../interop/polling.js'
import { requireStock } from '../interop/stock.js'
import { startPageHost, textOf, useBrowser } from './browser.js'

const NEXT_SECONDS = { timeout: 15_000 }

describe('what goes on in a server', requireStock('chromium'), () => {
  const { open } = useBrowser()

  test('a thousand clients are listed, sorted, and found', async () => {
    const server = await startPageHost()
    const clients = await Promise.all(Array.from({ length: 1000 }, () => RawClient.connect(server.port)))
    await Promise.all(clients.map((client, i) => client.call('CLIENT', 'SETNAME', `worker-${i}`)))
    const page = await open(`${server.url}#clients`)
    await page.getByText(/^1,00\d of 1,00\d clients$/).waitFor()
    expect(await page.locator('table[aria-label="Clients"] tbody tr').count()).toBeLessThan(100)

    const first = () => textOf(page, 'table[aria-label="Clients"] tbody tr:not(.gap) >> nth=0')
    await page.getByRole('button', { name: 'name', exact: true }).click()
    await page.getByRole('button', { name: 'name' }).click()
    await expect.poll(first).toContain('worker-999')
    await page.getByLabel('Filter clients').fill('name=worker-77')
    await page.getByText(/^11 of /).waitFor()
    await expect.poll(first).toContain('worker-779')
    for (const client of clients) client.close()
    await page.getByText(/^0 of /).waitFor()
  })

  test('slow log, latency events and the log', async () => {
    const server = await startPageHost([
      '--latency-monitor-threshold',
      '5',
      '--slowlog-log-slower-than',
      '5000',
      '--enable-debug-command',
      'yes',
    ])
    await ask(server.port, 'DEBUG', 'SLEEP', '0.02')
    const page = await open(`${server.url}#slow-log`)
    await expect
      .poll(() => textOf(page, 'table[aria-label="Slow log"] tbody'), NEXT_SECONDS)
      .toMatch(/[\d.]+ ms DEBUG SLEEP 0.02 127.0.0.1/)

    await page.getByRole('link', { name: 'Latency' }).click()
    await expect
      .poll(() => textOf(page, 'table[aria-label="Latency events"] tbody'), NEXT_SECONDS)
      .toMatch(/command .*\d ms/)
    await page.getByText('Some events took too long').waitFor()

    await page.getByRole('link', { name: 'Log', exact: true }).click()
    await page.getByText('Ready to accept connections').first().waitFor()
    await page.getByLabel('Least level').selectOption('warning')
    expect(await page.getByText('Ready to accept connections').count()).toBe(0)
  })
})
