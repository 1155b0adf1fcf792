import fc from 'fast-check'
import { expect } from 'vitest'
import { RawClient } from '../../commands/raw-client.js'
import { startRedisServer } from '../../interop/stock.js'
import { LuaVm } from './lua-vm.js'

/**
 * Lua that evaluates expressions one by one and shows what each gives: all results, tables in the order in which they are
 * walked and with their length, numbers and strings exactly; or the error's text. Where a table is a key, its address is what
 * the order depends on.
 */
const PRELUDE = `
local function show(value)
  local kind = type(value)
  if kind == 'number' then return string.format('%.17g', value) end
  if kind == 'string' then return string.format('%d<%s>', #value, value) end
  if kind ~= 'table' then return value == cjson.null and 'null' or kind == 'boolean' and tostring(value) or kind end
  local shown, byAddress = {}, false
  for k, v in pairs(value) do
    shown[#shown + 1] = show(k) .. '=' .. show(v)
    byAddress = byAddress or type(k) == 'table'
  end
  if byAddress then table.sort(shown) end
  return '{#' .. #value .. ' ' .. table.concat(shown, ',') .. '}'
end
local function all(...)
  local shown = {}
  for i = 1, select('#', ...) do shown[i] = show((select(i, ...))) end
  return table.concat(shown, ' ')
end
local results = {}
local function case(run)
  local ok, result = pcall(run)
  if not ok then result = 'error: ' .. result end
  results[#results + 1] = #result .. ':' .. result
end
`

/** What expressions give in Lua, each on its own: `libraries.results(['1 + 1'])` is ['2']. One character a byte. */
export interface Judge {
  results(expressions: readonly string[]): Promise<string[]>
}

/** The libraries under test. */
export function ours(vm = new LuaVm()): Judge {
  return { results: async expressions => split(vm.run(scriptOf(expressions))) }
}

/** Stock redis-server. Stopped when the test file ends. */
export async function stock(): Promise<Judge> {
  const server = await startRedisServer(['--save', '', '--busy-reply-threshold', '60000'])
  return through(await RawClient.connect(server.port))
}

/** A server that has EVAL. */
export function through(client: RawClient): Judge {
  return {
    async results(expressions) {
      const [reply] = await client.pipeline([['EVAL', scriptOf(expressions), '0']])
      return split(reply.type === '$' ? (reply.text ?? '') : `ERR ${reply.text}`)
    },
  }
}

/**
 * Lua's corners are many, and C leaves some of them to the platform: each run of CI tries the same ones. REDIS_TS_LONG_SCRIPTS=1 tries
 * others each time, and more.
 */
const LONG = process.env.REDIS_TS_LONG_SCRIPTS === '1'
const SEED = 20_261_128

/** Compares many random expressions, and shrinks to the one that gives something else here than there. */
export async function expectSame(a: Judge, b: Judge, expression: fc.Arbitrary<string>, batches = 40): Promise<void> {
  const batch = fc.array(expression, { minLength: 1, maxLength: 80, size: 'max' })
  await fc.assert(
    fc.asyncProperty(batch, async expressions => {
      const [here, there] = await Promise.all([a.results(expressions), b.results(expressions)])
      const at = expressions.findIndex((_, i) => here[i] !== there[i])
      if (at >= 0) expect(`${expressions[at]} => ${here[at]}`).toBe(`${expressions[at]} => ${there[at]}`)
    }),
    LONG ? { numRuns: batches * 20 } : { numRuns: batches, seed: SEED },
  )
}

function scriptOf(expressions: readonly string[]): string {
  const cases = expressions.map(expression => `case(function() return (all(${expression})) end)`)
  return `${PRELUDE}${cases.join('\n')}\nreturn table.concat(results)`
}

function split(joined: string): string[] {
  const results: string[] = []
  for (let at = 0; at < joined.length; ) {
    const colon = joined.indexOf(':', at)
    const length = Number(joined.slice(at, colon))
    if (!(length >= 0)) throw new Error(joined.slice(at))
    results.push(joined.slice(colon + 1, colon + 1 + length))
    at = colon + 1 + length
  }
  return results
}
