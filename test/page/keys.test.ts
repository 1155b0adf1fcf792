import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { askText } from '../interop/polling.js'
import { requireStock } from '../interop/stock.js'
import { type PageHost, startPageHost, textOf, useBrowser } from './browser.js'

const JSON_VALUE = '{"id":12345678901234567890,"tags":["a","b"]}'

const DATA: string[][] = [
  ['SET', 'user:1', JSON_VALUE],
  ['SET', 'user:2', 'two', 'EX', '5030'],
  ['SET', 'user:3:name', 'three'],
  ['SET', 'bin\xff:\x00', '\x00\x01\xfe'],
  ['SETRANGE', 'large', '1000000', 'end'],
  ['RPUSH', 'list', ...Array.from({ length: 1000 }, (_, i) => `element-${i}`)],
  ['SADD', 'set', 'one', 'two', 'b\xffn'],
  ['HSET', 'hash', 'name', 'Zo\xc3\xab', 'mail', 'zoe@example.org'],
  ['HEXPIRE', 'hash', '5030', 'FIELDS', '1', 'mail'],
  ['ZADD', 'board', ...Array.from({ length: 500 }, (_, i) => [`${i}.5`, `player-${i}`]).flat()],
  ['XADD', 'stream', '1-1', 'type', 'first'],
  ['XADD', 'stream', '2-1', 'type', 'second'],
  ['XGROUP', 'CREATE', 'stream', 'workers', '0'],
  ['XREADGROUP', 'GROUP', 'workers', 'alice', 'COUNT', '1', 'STREAMS', 'stream', '>'],
  ['PFADD', 'visitors', 'a', 'b', 'c'],
]

async function fill(port: number, commands: string[][]): Promise<void> {
  const client = await RawClient.connect(port)
  for (const reply of await client.pipeline(commands)) expect(reply.type).not.toBe('-')
  client.close()
}

const rows = (page: Page, label: string) => page.locator(`table[aria-label="${label}"] tbody tr.choice`)

async function choose(page: Page, key: string): Promise<void> {
  // The last: a type may be called as a key is.
  await rows(page, 'Keys').getByText(key, { exact: true }).last().click()
  const value = page.locator('article[aria-label="Value"]')
  await value.getByRole('heading', { name: key, exact: true }).waitFor()
  await value.locator('.facts').waitFor()
}

describe('keys', requireStock('chromium'), () => {
  const { open } = useBrowser()
  let server: PageHost
  beforeAll(async () => {
    server = await startPageHost()
    await fill(server.port, DATA)
  })
  const openKeys = () => open(`${server.url}#keys`)

  test('are grouped by prefix, the type and expiry of each beside it', async () => {
    const page = await openKeys()
    await page.getByText('11 keys, all looked at').waitFor()
    expect(await textOf(page, 'table[aria-label="Keys"] tbody tr >> nth=0')).toBe('user: 3')
    await rows(page, 'Keys').first().click()
    await page.getByText('3 keys, all looked at').waitFor()
    await expect.poll(() => rows(page, 'Keys').allInnerTexts()).toHaveLength(3)
    await expect.poll(() => rows(page, 'Keys').nth(1).innerText()).toMatch(/^str\s+2\s+1 h 23 min$/)
    await page.getByRole('button', { name: 'all keys' }).click()
    await page.getByText('11 keys, all looked at').waitFor()
  })

  test('are found by a pattern and by type', async () => {
    const page = await openKeys()
    await page.getByLabel('Match keys').fill('*a*')
    await page.getByText('5 keys, all looked at').waitFor()
    await page.getByLabel('Type').selectOption('hash')
    await page.getByText('1 key, all looked at').waitFor()
    await expect.poll(() => rows(page, 'Keys').innerText()).toMatch(/^hash\s+hash/)
  })

  test('are walked through by the keyboard', async () => {
    const page = await openKeys()
    await page.getByText('11 keys, all looked at').waitFor()
    await page.getByLabel('Type').focus()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByText('3 keys, all looked at').waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'user:2' }).waitFor()
  })

  test('a string is shown as what it is: JSON, text, bytes', async () => {
    const page = await openKeys()
    await page.getByLabel('Match keys').fill('user:1')
    await choose(page, 'user:1')
    expect(await textOf(page, '.facts')).toMatch(
      /^type string encoding embstr|raw memory \d+ B expires never database 0$/,
    )
    expect(await page.locator('pre.text').innerText()).toBe(
      '{\n  "id": 12345678901234567890,\n  "tags": [\n    "a",\n    "b"\n  ]\n}',
    )
    await page.getByLabel('text', { exact: true }).check()
    expect(await page.locator('pre.text').innerText()).toBe(JSON_VALUE)
    await page.getByLabel('hex').check()
    expect(await textOf(page, 'table[aria-label="Hex dump"] tbody tr >> nth=0')).toBe(
      '00000000 7b 22 69 64 22 3a 31 32 33 34 35 36 37 38 39 30 {"id":1234567890',
    )
  })

  test('bytes that are no text are shown escaped, keys and values', async () => {
    const page = await openKeys()
    await choose(page, 'bin\\xff:\\x00')
    expect(await textOf(page, 'header.key h2')).toBe('bin\\xff:\\x00')
    expect(await textOf(page, 'table[aria-label="Hex dump"] tbody')).toBe('00000000 00 01 fe ...')
  })

  test('markup is text like any', async () => {
    const markup = '<img src=x onerror="document.title=1"><b>bold</b>'
    await fill(server.port, [
      ['SELECT', '2'],
      ['SET', markup, markup],
    ])
    const page = await openKeys()
    await page.getByLabel('Database').selectOption('2')
    await choose(page, markup)
    expect(await page.locator('pre.text').innerText()).toBe(markup)
    expect(await page.locator('main img, main td b').count()).toBe(0)
  })

  test('a large string is read in parts', async () => {
    const page = await openKeys()
    await choose(page, 'large')
    await page.getByText('to 65,535 of 1,000,003 bytes (977 KiB)').waitFor()
    await page.getByRole('button', { name: 'Last' }).click()
    await page.getByText('to 1,000,002 of 1,000,003 bytes').waitFor()
    const frame = page.locator('.bytes-view .window')
    await frame.evaluate(element => element.scrollTo(0, element.scrollHeight))
    await page.getByText('65 6e 64').waitFor()
  })

  test('a list is read in windows', async () => {
    const page = await openKeys()
    await choose(page, 'list')
    await rows(page, 'Elements').getByText('element-0', { exact: true }).waitFor()
    await page.getByLabel('From').fill('900')
    await page.getByLabel('From').press('Enter')
    await rows(page, 'Elements').getByText('element-900', { exact: true }).click()
    expect(await page.locator('section[aria-label="Element"] pre').innerText()).toBe('element-900')
  })

  test('a list of large elements is read in smaller windows', async () => {
    await fill(server.port, [
      ['SELECT', '1'],
      ['RPUSH', 'heavy', ...Array.from({ length: 30 }, (_, i) => `${i}`.padEnd(1_000_000))],
    ])
    const page = await openKeys()
    await page.getByLabel('Database').selectOption('1')
    await choose(page, 'heavy')
    await page.getByText('to 11 of 30 elements').waitFor()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByText('to 23 of 30 elements').waitFor()
    await rows(page, 'Elements').last().click()
    await page.getByText('to 65,535 of 1,000,000 bytes').waitFor()
  })

  test('a set, by a pattern', async () => {
    const page = await openKeys()
    await choose(page, 'set')
    await page.getByText('3 of 3 members').waitFor()
    await page.getByLabel('Match elements').fill('b*')
    await page.getByText('1 of 3 members').waitFor()
    expect(await rows(page, 'Members').innerText()).toBe('b\\xffn')
  })

  test('a hash, with the time that fields have left', async () => {
    const page = await openKeys()
    await choose(page, 'hash')
    await rows(page, 'Fields').nth(1).waitFor()
    const fields = (await rows(page, 'Fields').allInnerTexts()).map(text => text.replace(/\s+/g, ' ').trim())
    expect(fields.sort()).toEqual(['mail zoe@example.org 1 h 23 min', 'name Zoë'])
  })

  test('a sorted set, from both ends', async () => {
    const page = await openKeys()
    await choose(page, 'board')
    await expect.poll(() => rows(page, 'Members').first().innerText()).toMatch(/0\s+0.5\s+player-0/)
    await page.getByLabel('highest first').check()
    await expect.poll(() => rows(page, 'Members').first().innerText()).toMatch(/0\s+499.5\s+player-499/)
  })

  test('a stream, its groups, consumers and what is pending', async () => {
    const page = await openKeys()
    await choose(page, 'stream')
    await expect.poll(() => rows(page, 'Entries').allInnerTexts()).toHaveLength(2)
    expect(await rows(page, 'Entries').first().innerText()).toMatch(/2-1\s+type\s*second/)
    await expect.poll(() => textOf(page, 'table[aria-label="Groups"] tbody')).toBe('workers 1 1 1 1-1')
    await expect.poll(() => textOf(page, 'table[aria-label="Consumers"] tbody')).toMatch(/^alice 1 /)
    await expect.poll(() => textOf(page, 'table[aria-label="Pending"] tbody')).toMatch(/^1-1 alice .* 1$/)
  })

  test('a HyperLogLog says what it is', async () => {
    const page = await openKeys()
    await choose(page, 'visitors')
    await page.getByText('A HyperLogLog, sparse: about 3 elements').waitFor()
  })

  test('nothing can be changed, unless the server allows it', async () => {
    const page = await openKeys()
    const tables = { list: 'Elements', set: 'Members', hash: 'Fields', board: 'Members', stream: 'Entries' }
    for (const [key, table] of Object.entries(tables)) {
      await choose(page, key)
      await rows(page, table).first().click()
      const changes = page
        .locator('main')
        .getByRole('button', { name: /^(New$|Rename|Expire|Delete|Edit|Set|Add|Remove)/ })
      expect([key, await changes.count(), await page.locator('summary').count()]).toEqual([key, 0, 0])
    }
  })

  test('ten thousand keys of one prefix are a list that is quick', async () => {
    const many = await startPageHost()
    await fill(
      many.port,
      Array.from({ length: 10_000 }, (_, i) => ['SET', `key:${i}`, 'x']),
    )
    const page = await open(`${many.url}#keys`)
    await rows(page, 'Keys').first().click()
    const more = page.getByRole('button', { name: 'More' })
    while (!(await page.getByText('10,000 keys, all looked at').isVisible())) {
      if (await more.isEnabled()) await more.click({ timeout: 1000 }).catch(() => {})
    }
    expect(await rows(page, 'Keys').count()).toBeLessThan(100)
    await page.locator('.list .window').evaluate(element => element.scrollTo(0, element.scrollHeight))
    await rows(page, 'Keys').getByText('9999', { exact: true }).waitFor()
  })
})

describe('changes', requireStock('chromium'), () => {
  const { open } = useBrowser()
  let server: PageHost
  beforeAll(async () => {
    server = await startPageHost(['--http-writes', 'yes'])
  })

  test('a key is made, set, expired, renamed and deleted', async () => {
    const page = await open(`${server.url}#keys`)
    await page.getByRole('button', { name: 'New' }).click()
    await page.getByLabel('key', { exact: true }).fill('greeting')
    await page.getByLabel('value', { exact: true }).fill('hello ☃')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.locator('pre.text', { hasText: 'hello ☃' }).waitFor()
    expect(Buffer.from(await askText(server.port, 'GET', 'greeting'), 'latin1').toString()).toBe('hello ☃')

    await page.locator('summary', { hasText: 'Edit' }).click()
    await page.getByLabel('escapes').last().check()
    await page.getByLabel('value', { exact: true }).fill('bytes \\xff\\n')
    await page.getByRole('button', { name: 'Set', exact: true }).click()
    await expect.poll(() => askText(server.port, 'GET', 'greeting')).toBe('bytes \xff\n')

    await page.locator('summary', { hasText: 'Expire' }).click()
    await page.getByLabel('seconds').fill('5030')
    await page.getByRole('button', { name: 'Expire' }).click()
    await expect.poll(() => textOf(page, '.facts')).toContain('expires in 1 h 23 min')
    await expect.poll(() => rows(page, 'Keys').innerText()).toMatch(/^str\s+greeting\s+1 h 23 min$/)

    await page.locator('summary', { hasText: 'Rename' }).click()
    await page.getByLabel('new name').fill('farewell')
    await page.getByRole('button', { name: 'Rename' }).click()
    await page.locator('header.key h2', { hasText: 'farewell' }).waitFor()
    expect(await askText(server.port, 'EXISTS', 'greeting')).toBe('0')
    await expect.poll(() => rows(page, 'Keys').allInnerTexts()).toHaveLength(1)

    await page.getByRole('button', { name: 'Delete' }).click()
    expect(await askText(server.port, 'EXISTS', 'farewell')).toBe('1')
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('Choose a key to see its value.').waitFor()
    expect(await askText(server.port, 'EXISTS', 'farewell')).toBe('0')
    await expect.poll(() => rows(page, 'Keys').count()).toBe(0)
  })

  test('elements are added and taken away', async () => {
    await fill(server.port, [
      ['RPUSH', 'list', 'b'],
      ['SADD', 'set', 'a'],
      ['HSET', 'hash', 'f', 'v'],
      ['ZADD', 'board', '1', 'm'],
    ])
    const page = await open(`${server.url}#keys`)
    await choose(page, 'list')
    await page.getByRole('form', { name: 'Add in front' }).getByLabel('element').fill('a')
    await page.getByRole('button', { name: 'Add in front' }).click()
    await expect.poll(() => rows(page, 'Elements').count()).toBe(2)
    await rows(page, 'Elements').getByText('b', { exact: true }).click()
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('button', { name: 'Remove' }).click()
    await expect.poll(() => askText(server.port, 'LINDEX', 'list', '-1')).toBe('a')

    await choose(page, 'hash')
    await page.getByLabel('field', { exact: true }).fill('g')
    await page.getByLabel('value', { exact: true }).fill('w')
    await page.getByRole('button', { name: 'Add' }).click()
    await expect.poll(() => askText(server.port, 'HGET', 'hash', 'g')).toBe('w')

    await choose(page, 'board')
    await page.getByLabel('score').fill('x')
    await page.getByLabel('member', { exact: true }).fill('n')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByText('ERR value is not a valid float').waitFor()
  })
})
