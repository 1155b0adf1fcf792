import { ScriptEngine } from '../../../src/scripting/engine.js'
import type { ScriptHost } from '../../../src/scripting/script-host.js'

/** An engine whose scripts have no server around them: commands are refused. */
export function loneEngine(memoryLimitBytes = 512 << 20): ScriptEngine {
  const host: ScriptHost = {
    busyAfterMs: 0,
    memoryLimitBytes,
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
