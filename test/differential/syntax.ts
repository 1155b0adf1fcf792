/**
 * Commands written as in a manual, turned into random requests:
 *
 *   SET key value [NX|XX] [GET] [EX ttl|KEEPTTL]     [..|..] one of these or nothing
 *   BITOP {AND|OR} key key+                          {..|..} one of these; + once or more; * any number of times
 *
 * Words in capitals stand for themselves; others name a kind of argument, which a table of generators makes.
 */
import type { Random } from './random.js'

export type Generators = Readonly<Record<string, (random: Random) => string>>
export type RequestMaker = (random: Random) => string[]

const REPEATS = 4

type Node = (random: Random, out: string[]) => void

export function requestMaker(syntax: string, generators: Generators): RequestMaker {
  const tokens = syntax.match(/[[\]{}|+*]|[^\s[\]{}|+*]+/g) ?? []
  let at = 0

  function alternatives(end: string): Node[] {
    const found = [sequence()]
    while (tokens[at] === '|') {
      at++
      found.push(sequence())
    }
    if (tokens[at++] !== end) throw new Error(`${syntax}: ${end} expected`)
    return found
  }

  function item(): Node {
    const token = tokens[at++]
    if (token === '[') {
      const options = alternatives(']')
      return (random, out) => {
        if (random.chance(0.4)) random.pick(options)(random, out)
      }
    }
    if (token === '{') {
      const options = alternatives('}')
      return (random, out) => random.pick(options)(random, out)
    }
    if (token === token.toUpperCase()) return (_, out) => out.push(token)
    const generate = generators[token]
    if (generate === undefined) throw new Error(`${syntax}: no generator for ${token}`)
    return (random, out) => out.push(generate(random))
  }

  function sequence(): Node {
    const nodes: Node[] = []
    while (at < tokens.length && !/[\]}|]/.test(tokens[at])) {
      const node = item()
      const repeat = tokens[at]
      if (repeat !== '+' && repeat !== '*') {
        nodes.push(node)
        continue
      }
      at++
      const least = repeat === '+' ? 1 : 0
      nodes.push((random, out) => {
        for (let n = least + random.below(REPEATS); n > 0; n--) node(random, out)
      })
    }
    return (random, out) => {
      for (const node of nodes) node(random, out)
    }
  }

  const root = sequence()
  if (at < tokens.length) throw new Error(`${syntax}: ${tokens[at]} not expected`)
  return random => {
    const out: string[] = []
    root(random, out)
    return out
  }
}

/** Makes a request wrong, mostly: an argument less, more, or another one; or a name in another case. */
export function mangle(request: readonly string[], random: Random, junk: (random: Random) => string): string[] {
  const changed = [...request]
  const at = 1 + random.below(Math.max(1, changed.length - 1))
  switch (random.below(4)) {
    case 0:
      changed.splice(at, 1)
      break
    case 1:
      changed.splice(at, 0, junk(random))
      break
    case 2:
      changed[Math.min(at, changed.length - 1)] = junk(random)
      break
    default:
      return changed.map(word => (random.chance(0.5) ? word.toLowerCase() : word))
  }
  return changed
}
