import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { shown } from '../play.js'
import { RawClient } from '../raw-client.js'
import { ARGUMENTS, KEYS, NOTES, PRELUDE, SEED, script } from './random-scripts.js'

/** REDIS_TS_LONG_SCRIPTS=1: as many as find what a day of use would. */
const LONG = process.env.REDIS_TS_LONG_SCRIPTS === '1'
const RUNS = Number(process.env.SCRIPTS_RUNS ?? (LONG ? 50_000 : 400))
/** Without that, the same ones each time. */
const SEED_NUMBER = LONG ? {} : { seed: Number(process.env.SCRIPTS_SEED ?? 20_261_128) }
const SETTINGS = ['--save', '', '--enable-debug-command', 'yes', '--list-max-listpack-size', '128']

/** A payload of type 2: the members come in an order of their own in each version, and the digest is enough for them. */
const TABLE_OF_MEMBERS = new RegExp(`^${String.fromCharCode(2)}.*$`, 's')

describe('random scripts beside redis-server', requireStock('redis-server'), () => {
  let ours: RawClient
  let stock: RawClient

  beforeAll(async () => {
    ours = await RawClient.connect((await startRedisTs(SETTINGS)).port)
    stock = await RawClient.connect((await startRedisServer(SETTINGS)).port)
  })
  afterAll(() => {
    ours.close()
    stock.close()
  })

  /** What becomes of a script and of the keys: its reply, its notes, the keys' payloads and the digest of all. */
  async function outcome(client: RawClient, source: string, protocol: string): Promise<string[]> {
    const replies = await client.pipeline([
      ['HELLO', protocol],
      ['FLUSHALL'],
      ...SEED,
      ['EVAL', PRELUDE + source, String(KEYS.length), ...KEYS, ...ARGUMENTS],
      ['LRANGE', NOTES, '0', '-1'],
      ['DEBUG', 'DIGEST'],
      ...KEYS.map(key => ['DUMP', key]),
    ])
    return replies.slice(SEED.length + 2).map(reply => shown(reply).replace(TABLE_OF_MEMBERS, '(set)'))
  }

  test.each(['2', '3'])(
    'give the same reply in RESP%s, and leave the same keys',
    async protocol => {
      await fc.assert(
        fc.asyncProperty(script, async source => {
          const here = await outcome(ours, source, protocol)
          // redis-server 7.0 crashes when a script ends with an error that is a table without a text.
          fc.pre(!here[0].startsWith('-ERR unknown error'))
          expect(here).toEqual(await outcome(stock, source, protocol))
        }),
        { numRuns: RUNS, ...SEED_NUMBER },
      )
    },
    LONG ? 3_600_000 : 120_000,
  )
})
