/** Code of libraries for tests. */

/** A library whose one function has this body. */
export function library(name: string, body = `return 'hello from ${name}'`, functionName = name): string {
  return `#!lua name=${name}\nredis.register_function('${functionName}', function(keys, args)\n${body}\nend)`
}

/** The same with flags. */
export function flagged(name: string, body: string, ...flags: string[]): string {
  const list = flags.map(flag => `'${flag}'`).join(', ')
  const callback = `function(keys, args)\n${body}\nend`
  return `#!lua name=${name}\nredis.register_function{function_name = '${name}', callback = ${callback}, flags = {${list}}}`
}

export const load = (...code: string[]): string[] => ['FUNCTION', 'LOAD', ...code]
