import { beforeAll, describe, expect, test } from 'vitest'
import { ask } from '../interop/polling.js'
import { requireStock } from '../interop/stock.js'
import { type PageHost, startPageHost, useBrowser } from './browser.js'

const VIEWS = ['overview', 'keys', 'console', 'clients', 'slow-log', 'latency', 'log']

describe('the look of the page', requireStock('chromium'), () => {
  const { open } = useBrowser()
  let server: PageHost
  beforeAll(async () => {
    server = await startPageHost()
    await ask(server.port, 'SET', `a-long-key:${'x'.repeat(200)}`, 'y'.repeat(2000))
  })

  test.each(VIEWS)('%s fits a screen of 360 pixels', async view => {
    const page = await open(`${server.url}#${view}`, { viewport: { width: 360, height: 640 } })
    await page.locator('main section').first().waitFor()
    if (view === 'keys') {
      await page.locator('table[aria-label="Keys"] tr.choice').click()
      await page.locator('.facts').waitFor()
    }
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  })

  test('is dark where the reader wants it dark, and light elsewhere', async () => {
    const brightness = async (colorScheme: 'dark' | 'light') => {
      const page = await open(server.url, { colorScheme })
      await page.locator('.plot canvas').first().waitFor()
      const colour = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
      return Math.max(...colour.match(/\d+/g)!.map(Number))
    }
    expect(await brightness('dark')).toBeLessThan(64)
    expect(await brightness('light')).toBeGreaterThan(192)
  })

  test('every view is reached by the keyboard', async () => {
    const page = await open(server.url)
    await page.locator('nav.views a').first().focus()
    for (const view of VIEWS.slice(1)) {
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await page.locator(`main.view-${view}`).waitFor()
      // The console takes what is typed.
      if (view === 'console') await page.locator('nav.views a', { hasText: 'Console' }).focus()
    }
  })
})
