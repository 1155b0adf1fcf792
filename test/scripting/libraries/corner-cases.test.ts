import { describe, expect, it } from 'vitest'
import { requireStock } from '../../interop/stock.js'
import { bitCases } from './corner-cases/bit.js'
import { cjsonCases } from './corner-cases/cjson.js'
import { cmsgpackCases } from './corner-cases/cmsgpack.js'
import type { CornerCase } from './corner-cases/corner-case.js'
import { structCases } from './corner-cases/struct.js'
import { type Judge, ours, stock } from './judge.js'

const TABLES = { cjson: cjsonCases, cmsgpack: cmsgpackCases, struct: structCases, bit: bitCases }

async function expectResults(judge: Judge, cases: readonly CornerCase[]): Promise<void> {
  const results = await judge.results(cases.map(([expression]) => expression))
  expect(cases.map(([expression], i) => [expression, results[i]])).toEqual(cases)
}

describe('corner cases of scripts', () => {
  it.each(Object.entries(TABLES))('%s gives what Redis gives', (_, cases) => expectResults(ours(), cases))

  it('bit.tohex of -2^31 digits gives eight, as Redis does since 7.2.6', () =>
    expectResults(ours(), [['bit.tohex(0xabcdef, -2^31)', '8<00ABCDEF>']]))
})

describe('the tables of corner cases', requireStock('redis-server'), () => {
  it('are what redis-server gives', async () => {
    const judge = await stock()
    for (const cases of Object.values(TABLES)) await expectResults(judge, cases)
  })
})
