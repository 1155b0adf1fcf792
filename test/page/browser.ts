import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { freePort, hasStock, type RunningServer, type StartOptions, startRedisTs } from '../interop/stock.js'

const CHROMIUM = '/usr/bin/chromium'

export interface PageHost extends RunningServer {
  readonly httpPort: number
  readonly url: string
}

/** Starts a server that serves its page. */
export async function startPageHost(
  args: string[] = [],
  options: StartOptions & { httpPort?: number } = {},
): Promise<PageHost> {
  const httpPort = options.httpPort ?? (await freePort())
  const server = await startRedisTs(['--http-port', String(httpPort), '--save', '', ...args], options)
  return { ...server, httpPort, url: `http://127.0.0.1:${httpPort}/` }
}

/**
 * A browser for the tests of a file. A test fails when its pages have thrown, have broken their own content policy, or have
 * asked anything of another server.
 */
export function useBrowser(): { open(url: string, options?: BrowserContextOptions): Promise<Page> } {
  let browser: Browser | null = null
  const pages = new Set<Page>()
  let problems: string[] = []

  beforeAll(async () => {
    // Root has no sandbox to run it in; containers have little shared memory.
    if (hasStock('chromium'))
      browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  })
  afterEach(async () => {
    for (const page of pages) await page.context().close()
    pages.clear()
    const found = problems
    problems = []
    expect(found).toEqual([])
  })
  afterAll(() => browser?.close())

  const open = async (url: string, options: BrowserContextOptions = {}) => {
    const context = await browser!.newContext({ viewport: { width: 1280, height: 800 }, ...options })
    const page = await context.newPage()
    pages.add(page)
    page.setDefaultTimeout(15_000)
    page.on('pageerror', error => problems.push(error.stack ?? error.message))
    page.on('console', message => {
      if (/content security policy|refused to/i.test(message.text())) problems.push(message.text())
    })
    page.on('request', request => {
      if (!request.url().startsWith(new URL(url).origin) && !request.url().startsWith('data:'))
        problems.push(`asked for ${request.url()}`)
    })
    await page.goto(url)
    return page
  }
  return { open }
}

/** What the element shows, with blanks as single spaces. */
export async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).innerText()).replace(/\s+/g, ' ').trim()
}
