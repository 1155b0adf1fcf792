import { ScriptEngine } from '../../../src/scripting/engine.js'
import type { ScriptHost } from '../../../src/scripting/script-host.js'

/** An engine whose scripts have no server around them: commands are refused. */
export function loneEngine(memoryLimitBytes = 512 << 20): ScriptEngine {
  return engineWithin({ bytes: memoryLimitBytes })
}

/** The same, with a limit of memory that may be changed: it holds for a VM from its beginning. */
export function engineWithin(limit: { bytes: number }): ScriptEngine {
  const host: ScriptHost = {
    busyAfterMs: 0,
    get memoryLimitBytes() {
      return limit.bytes
    },
    call: () => 'there are no commands',
    permits: () => null,
    log: () => {},
  }
  return new ScriptEngine(host)
}

/** The code of a library with functions that reply their own names. */
export function library(name: string, ...functions: string[]): Buffer {
  const lines = functions.map(each => `redis.register_function('${each}', function() return '${each} of ${name}' end)`)
  return Buffer.from([`#!lua name=${name}`, ...lines].join('\n'), 'latin1')
}
