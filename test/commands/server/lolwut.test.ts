import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', ''])
  client = await RawClient.connect(server.port)
})
afterAll(async () => {
  client.close()
  await server.stop()
})

/** The drawing's lines, and the line below it. */
async function draw(...args: string[]): Promise<{ lines: string[]; signature: string }> {
  const text = (await client.call('LOLWUT', ...args)).text ?? ''
  const [picture, signature] = Buffer.from(text, 'latin1').toString('utf8').split('\n\n')
  return { lines: picture.split('\n'), signature }
}

test('tells the version, alone where no drawing is asked for', async () => {
  for (const args of [[], ['VERSION', '7'], ['VERSION']]) {
    expect((await client.call('LOLWUT', ...args)).text).toMatch(/^Redis ver\. 7\.2\.\d+\n$/)
  }
  expect((await draw('VERSION', '5')).signature).toMatch(/Redis ver\. 7\.2\.\d+\n$/)
})

test('version 5 draws with Braille characters, as wide and high as asked', async () => {
  const { lines } = await draw('version', '5', '20', '2', '3')
  expect(lines).toHaveLength(15)
  for (const line of lines) expect(line).toMatch(/^[\u2800-\u28ff]{20}$/)
  expect(lines.join('')).toMatch(/[^\u2800]/)
  expect(await draw('version', '5', '20', '2', '3')).not.toEqual({ lines })
})

test('version 6 draws with grays', async () => {
  const { lines } = await draw('version', '6', '30', '10')
  expect(lines).toHaveLength(10)
  const colors = new Set(lines.flatMap(line => line.split('\x1b[0m').slice(0, 30)))
  expect([...colors].sort()).toEqual(['30;40', '37;47', '90;100', '97;107'].map(gray => `\x1b[0;${gray}m `))
})

test('numbers out of range are brought into it, other words refused', async () => {
  expect((await draw('version', '5', '0', '-1', '0')).lines[0]).toHaveLength(1)
  const { lines } = await draw('version', '6', '100000', '100000')
  expect(lines[0].split('\x1b[0m')).toHaveLength(1001)
  expect(lines).toHaveLength(8)
  for (const args of [['x'], ['5', 'x'], ['6', '1', 'x']]) {
    expect((await client.call('LOLWUT', 'VERSION', ...args)).text).toBe('ERR value is not an integer or out of range')
  }
})
