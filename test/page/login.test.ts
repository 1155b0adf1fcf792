import { describe, expect, test } from 'vitest'
import { ask } from '../interop/polling.js'
import { requireStock } from '../interop/stock.js'
import { startPageHost, textOf, useBrowser } from './browser.js'

describe('a server with a password', requireStock('chromium'), () => {
  const { open } = useBrowser()

  test('is shown to those who know it, and to nobody else', async () => {
    const server = await startPageHost(['--requirepass', 'sésame'])
    const page = await open(server.url)
    await page.getByRole('heading', { name: 'This server asks for a password' }).waitFor()
    expect(await page.locator('.plot, nav.views').count()).toBe(0)

    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('The server knows no such user, or the password is wrong.').waitFor()

    await page.getByLabel('Password').fill('sésame')
    await page.getByRole('button', { name: 'Log in' }).click()
    await expect.poll(() => textOf(page, '.glance'), { timeout: 15_000 }).toContain('role master')

    // It is this tab's: a reload keeps it, another tab and other storage know nothing of it.
    await page.reload()
    await expect.poll(() => textOf(page, '.glance'), { timeout: 15_000 }).toContain('role master')
    expect(await page.evaluate('[localStorage.length, document.cookie]')).toEqual([0, ''])
    const other = await open(server.url)
    await other.getByRole('heading', { name: 'This server asks for a password' }).waitFor()

    await page.getByRole('button', { name: 'Log out default' }).click()
    await page.getByRole('heading', { name: 'This server asks for a password' }).waitFor()
    expect(await page.evaluate('sessionStorage.length')).toBe(0)
  })

  test('may be given one while pages look at it', async () => {
    const server = await startPageHost()
    const page = await open(server.url)
    await expect.poll(() => textOf(page, '.glance'), { timeout: 15_000 }).toContain('role master')
    await ask(server.port, 'CONFIG', 'SET', 'requirepass', 'secret')
    await page.getByRole('heading', { name: 'This server asks for a password' }).waitFor()
    await page.getByLabel('Password').fill('secret')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('button', { name: 'Log out default' }).waitFor()
    await page.locator('.plot canvas').first().waitFor()
  })

  test('has users, who see what they may', async () => {
    const server = await startPageHost()
    await ask(
      server.port,
      'ACL',
      'SETUSER',
      'ann',
      'on',
      '>secret',
      '~a:*',
      '+info',
      '+get',
      '+scan',
      '+type',
      '+pttl',
      '+strlen',
      '+getrange',
    )
    await ask(server.port, 'ACL', 'SETUSER', 'default', 'off')
    const page = await open(server.url)
    await page.getByLabel('User').fill('ann')
    await page.getByLabel('Password').fill('secret')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('button', { name: 'Log out ann' }).waitFor()
    await page.getByRole('link', { name: 'Clients' }).click()
    await page.getByRole('alert').getByText('NOPERM').waitFor()
  })
})
