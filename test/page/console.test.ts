import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { ask } from '../interop/polling.js'
import { cli, requireStock } from '../interop/stock.js'
import { type PageHost, startPageHost, useBrowser } from './browser.js'

async function type(page: Page, line: string): Promise<string> {
  const outputs = page.locator('.output')
  const before = await outputs.count()
  await page.getByLabel('Command').fill(line)
  await page.getByLabel('Command').press('Enter')
  await outputs.nth(before).waitFor()
  return outputs.nth(before).locator('pre').innerText()
}

describe('console', requireStock('chromium', 'redis-cli'), () => {
  const { open } = useBrowser()
  let server: PageHost
  beforeAll(async () => {
    server = await startPageHost()
    await ask(server.port, 'SET', 'bin', '\x00\xff"\n')
    await ask(server.port, 'RPUSH', 'list', 'a', 'b')
    await ask(server.port, 'HSET', 'hash', 'f', 'v', 'g', 'w')
  })
  const openConsole = async () => {
    const page = await open(`${server.url}#console`)
    await page.getByText('Type a command, or "help".').waitFor()
    return page
  }

  test.each([
    'get bin',
    'lrange list 0 -1',
    'hgetall hash',
    'smembers none',
    'strlen "b\\x69n"',
    'get list',
    'config get maxmem*',
    'nothing',
    'ping',
  ])('%s: as redis-cli shows it', async line => {
    const page = await openConsole()
    const words = line === 'strlen "b\\x69n"' ? ['strlen', 'bin'] : line.split(' ')
    expect(await type(page, line)).toBe(await cli(server.port, '-3', '--no-raw', ...words))
  })

  test('quotes that are not closed are refused, and so is what changes anything', async () => {
    const page = await openConsole()
    expect(await type(page, 'get "a')).toBe('Invalid argument(s)')
    expect(await type(page, 'set key value')).toContain('http-writes')
    expect(await type(page, 'eval "return 1" 0')).toContain('http-writes')
  })

  test('SELECT changes the database of what follows', async () => {
    await ask(server.port, 'COPY', 'bin', 'there', 'DB', '5')
    const page = await openConsole()
    expect(await type(page, 'exists there')).toBe('(integer) 0')
    expect(await type(page, 'select 5')).toBe('OK')
    expect(await type(page, 'exists there')).toBe('(integer) 1')
    expect(await page.locator('.line .prompt').innerText()).toContain('[5]>')
    expect(await type(page, 'select 99')).toBe('(error) ERR DB index is out of range')
    expect(await type(page, 'exists there')).toBe('(integer) 1')
  })

  test('help, completion, hints and history', async () => {
    const page = await openConsole()
    await page.getByLabel('Command').fill('help getra')
    await page.getByLabel('Command').press('Tab')
    expect(await page.getByLabel('Command').inputValue()).toBe('help getrange ')
    expect(await type(page, 'help getrange')).toMatch(/^GETRANGE key start end\n\s+summary: /)
    const line = page.getByLabel('Command')
    await line.pressSequentially('object enc')
    await page.locator('.completions', { hasText: 'OBJECT ENCODING' }).waitFor()
    await line.press('Tab')
    expect(await line.inputValue()).toBe('object encoding ')
    expect((await page.locator('.hint').innerText()).trim()).toMatch(/key$/)
    await line.pressSequentially('bin')
    await line.press('Enter')
    await page.locator('.output').nth(1).waitFor()
    await line.press('ArrowUp')
    expect(await line.inputValue()).toBe('object encoding bin')
    await line.press('ArrowUp')
    expect(await line.inputValue()).toBe('help getrange')
    await line.press('ArrowDown')
    await line.press('ArrowDown')
    expect(await line.inputValue()).toBe('')
  })

  test('what was typed stays while other views are looked at', async () => {
    const page = await openConsole()
    await type(page, 'ping')
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByRole('link', { name: 'Console' }).click()
    expect(await page.locator('.output').count()).toBe(1)
  })
})
