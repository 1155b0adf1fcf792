/** What is parsed as a batch, where it ends, and that it leaves no memory behind. */
import { expect, test } from 'vitest'
import { allCommands } from '../../src/commands/all.js'
import { Client } from '../../src/commands/client.js'
import { CommandTable } from '../../src/commands/command.js'
import { NO_TRANSPORT } from '../../src/network/no-transport.js'
import { RequestBatch } from '../../src/network/request-batch.js'
import { encodeRequest, Request } from '../../src/resp/request.js'
import { COMPLETE, EMPTY, FAILED, INCOMPLETE, RequestParser } from '../../src/resp/request-parser.js'
import { Keyspace } from '../../src/store/keyspace.js'
import { AHEAD_MAX } from '../../src/store/table/look-ahead.js'

const table = new CommandTable(allCommands)

function setUp() {
  const limits = { maxBulkBytes: 1 << 20 }
  const client = new Client(1, NO_TRANSPORT, new Keyspace(1).databases[0], 0)
  const parser = new RequestParser(new Request(), limits)
  const batch = new RequestBatch(table, limits)
  const parse = (text: string | Buffer): number => {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text
    return batch.parse(parser, bytes, bytes.length, client)
  }
  return { limits, client, parser, batch, parse }
}

const PING = '*1\r\n$4\r\nPING\r\n'

test('takes whole requests up to the first thing that is none, and finds their commands', () => {
  const { batch, parser, parse } = setUp()
  expect(parse(`${PING}GET k\r\n*1\r\n$6\r\nnosuch\r\n*1\r\n$4\r\nPI`)).toBe(INCOMPLETE)
  expect(batch.commands.slice(0, batch.count).map(command => command?.fullName)).toEqual(['ping', 'get', undefined])
  parser.reset()
  parser.at = 0
  expect(parse(`${PING}*x\r\n`)).toBe(FAILED)
  expect(batch.count).toBe(1)
  parser.reset()
  parser.at = 0
  expect(parse(`${PING}*0\r\n${PING}`)).toBe(EMPTY)
  expect([batch.count, parser.at]).toEqual([1, PING.length + 4])
})

test('takes a limited number at once, and one at a time of who has not logged in', () => {
  const { batch, client, parser, parse } = setUp()
  expect(parse(PING.repeat(AHEAD_MAX + 5))).toBe(COMPLETE)
  expect([batch.count, parser.at]).toEqual([AHEAD_MAX, AHEAD_MAX * PING.length])
  client.mustLogIn = true
  parser.at = 0
  expect(parse(PING.repeat(3))).toBe(COMPLETE)
  expect([batch.count, parser.at]).toEqual([1, PING.length])
})

test('holds until limits or the login change', () => {
  const { batch, client, limits, parse } = setUp()
  parse(PING.repeat(3))
  expect(batch.holds(client)).toBe(true)
  limits.maxBulkBytes--
  expect(batch.holds(client)).toBe(false)
  limits.maxBulkBytes++
  client.mustLogIn = true
  expect(batch.holds(client)).toBe(false)
})

test('a hash worked out for a request is not taken for one of the next request in its place', () => {
  const { batch, client, parser, parse } = setUp()
  for (const next of ['GET k2\r\n', '*2\r\n$3\r\nGET\r\n$2\r\nk2\r\n', PING]) {
    parser.at = 0
    parse('GET k1\r\nGET k1\r\n')
    batch.lookAhead(client)
    expect(batch.requests.slice(0, 2).map(({ hashedIndex }) => hashedIndex)).toEqual([1, 1])
    parser.at = 0
    parse(next)
    batch.lookAhead(client)
    expect(batch.requests[0].hashedIndex).toBe(0)
  }
})

test('gives the arrays of a request of very many arguments up, and keeps those of others', () => {
  const { batch, parse } = setUp()
  const many = encodeRequest('DEL', ...Array.from({ length: 20_000 }, () => 'k'))
  parse(Buffer.concat([Buffer.from(PING), many, Buffer.from(PING)]))
  expect(batch.requests[1].starts.length).toBeGreaterThan(20_000)
  const [first, , third] = batch.requests
  batch.trim()
  expect(batch.requests[1].starts.length).toBeLessThan(100)
  expect([batch.requests[0], batch.requests[2]]).toEqual([first, third])
  expect(batch.requests.length).toBe(AHEAD_MAX)
})
