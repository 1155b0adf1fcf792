/** RESTORE of streams whose bytes are damaged: refused or taken, and what was taken can be read and changed. */
import { expect, test, vi } from 'vitest'
import { Crc64 } from '../../src/bytes/crc64.js'
import { RawClient } from '../commands/raw-client.js'
import { startRedisTs } from '../interop/stock.js'
import { fill } from '../interop/traffic.js'
import { randomNumbers } from './dataset.js'

/** REDIS_TS_LONG_FAULTS=1: ten times as many. */
const PAYLOADS = process.env.REDIS_TS_LONG_FAULTS === '1' ? 15_000 : 1500
const FOOTER_BYTES = 10
vi.setConfig({ testTimeout: 300_000 })

const ENTRIES = Array.from({ length: 12 }, (_, i) => ['XADD', 'stream', `${i + 1}-1`, 'f', String(i), 'g', 'value'])
const MAKE: string[][] = [
  ['CONFIG', 'SET', 'stream-node-max-entries', '5'],
  ...ENTRIES,
  ['XADD', 'stream', '300000-1', 'another', '70000'],
  ['XDEL', 'stream', '2-1', '7-1'],
  ['XGROUP', 'CREATE', 'stream', 'g', '0'],
  ['XGROUP', 'CREATE', 'stream', 'h', '5-1'],
  ['XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '4', 'STREAMS', 'stream', '>'],
  ['XREADGROUP', 'GROUP', 'g', 'd', 'COUNT', '3', 'STREAMS', 'stream', '>'],
]

/** All that reads, then what writes. */
const USE: string[][] = [
  ['XLEN', 'bad'],
  ['XRANGE', 'bad', '-', '+'],
  ['XREVRANGE', 'bad', '+', '-'],
  ['XRANGE', 'bad', '3-1', '+', 'COUNT', '2'],
  ['XREAD', 'STREAMS', 'bad', '0'],
  ['XINFO', 'STREAM', 'bad'],
  ['XINFO', 'STREAM', 'bad', 'FULL', 'COUNT', '0'],
  ['XINFO', 'GROUPS', 'bad'],
  ['XINFO', 'CONSUMERS', 'bad', 'g'],
  ['XPENDING', 'bad', 'g'],
  ['XPENDING', 'bad', 'g', '-', '+', '100'],
  ['DUMP', 'bad'],
  ['DEBUG', 'DIGEST-VALUE', 'bad'],
  ['OBJECT', 'ENCODING', 'bad'],
  ['MEMORY', 'USAGE', 'bad', 'SAMPLES', '0'],
  ['COPY', 'bad', 'copy', 'REPLACE'],
  ['XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'bad', '0'],
  ['XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '2', 'STREAMS', 'bad', '>'],
  ['XREADGROUP', 'GROUP', 'h', 'e', 'STREAMS', 'bad', '>'],
  ['XAUTOCLAIM', 'bad', 'g', 'd', '0', '0'],
  ['XCLAIM', 'bad', 'g', 'e', '0', '1-1', '3-1', '4-1'],
  ['XACK', 'bad', 'g', '1-1', '3-1'],
  ['XDEL', 'bad', '1-1', '3-1', '8-1', '300000-1'],
  ['XADD', 'bad', '*', 'f', 'x', 'g', 'y'],
  ['XADD', 'bad', 'NOMKSTREAM', '1-*', 'f', 'x', 'g', 'y'],
  ['XSETID', 'bad', '18446744073709551615-1'],
  ['XADD', 'bad', '*', 'f', 'x'],
  ['XTRIM', 'bad', 'MINID', '6-1'],
  ['XTRIM', 'bad', 'MAXLEN', '3'],
  ['XGROUP', 'DELCONSUMER', 'bad', 'g', 'd'],
  ['XGROUP', 'SETID', 'bad', 'g', '$'],
  ['XGROUP', 'DESTROY', 'bad', 'g'],
  ['XTRIM', 'bad', 'MAXLEN', '0'],
  ['XRANGE', 'bad', '-', '+'],
  ['XADD', 'bad', '18446744073709551615-18446744073709551615', 'f', 'x'],
  ['DEL', 'bad', 'copy'],
]

function sealed(payload: Buffer): string {
  const crc = new Crc64()
  const body = payload.length - 8
  crc.update(payload, 0, body)
  crc.writeTo(payload, body)
  return payload.toString('latin1')
}

test.each(['yes', 'no'])(
  'payloads with bits that flipped or bytes that are missing, sanitize-dump-payload %s',
  async sanitize => {
    const args = [
      '--save',
      '',
      '--enable-debug-command',
      'yes',
      '--rdbcompression',
      'no',
      '--sanitize-dump-payload',
      sanitize,
    ]
    const server = await startRedisTs(args)
    await fill(server.port, MAKE)
    const client = await RawClient.connect(server.port)
    const dump = Buffer.from((await client.call('DUMP', 'stream')).text ?? '', 'latin1')
    expect(dump.length).toBeGreaterThan(300)
    const random = randomNumbers(Number(process.env.FAULT_SEED ?? 20))
    const next = (below: number): number => Math.floor(random() * below)
    let taken = 0
    for (let i = 0; i < PAYLOADS; i++) {
      let payload = Buffer.from(dump)
      const flips = 1 + next(3)
      for (let n = 0; n < flips; n++) {
        const at = 1 + next(payload.length - FOOTER_BYTES - 1)
        payload[at] = next(3) === 0 ? next(256) : payload[at] ^ (1 << next(8))
      }
      if (next(6) === 0) {
        const keep = 1 + next(payload.length - FOOTER_BYTES - 1)
        payload = Buffer.concat([payload.subarray(0, keep), dump.subarray(dump.length - FOOTER_BYTES)])
      }
      const reply = await client.call('RESTORE', 'bad', '0', sealed(payload), 'REPLACE')
      if (reply.type === '-') {
        expect(reply.text).toMatch(/^ERR Bad data format/)
        continue
      }
      taken++
      const replies = await client.pipeline(USE)
      for (const { text, type } of replies)
        if (type === '-') expect(text, payload.toString('hex')).not.toMatch(/internal|bug/i)
    }
    expect(taken).toBeGreaterThan(PAYLOADS / 50)
    expect((await client.call('XLEN', 'stream')).text).toBe('11')
    client.close()
    expect(server.log(), 'nothing failed').not.toMatch(/Error:|bug/i)
    await server.stop()
  },
)
