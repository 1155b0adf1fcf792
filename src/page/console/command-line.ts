import { type Bytes, unescaped, utf8 } from '../server/bytes.js'

const WORD = /(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"']+))/sy

/**
 * The words of a line, quoted as for redis-cli: in double quotes with `\n`, `\xff` and the like, in single quotes with `\'`
 * only. Null when quotes are not closed, or something stands right behind them.
 */
export function splitLine(line: string): Bytes[] | null {
  const words: Bytes[] = []
  let at = 0
  for (;;) {
    while (/\s/.test(line[at] ?? '')) at++
    if (at === line.length) return words
    let word = ''
    // Quotes may open within a word, and end it.
    for (let quoted = false; at < line.length && !/\s/.test(line[at]!); ) {
      WORD.lastIndex = at
      const match = WORD.exec(line)
      if (match === null || quoted) return null
      const [whole, double, single, plain] = match
      quoted = plain === undefined
      word += double !== undefined ? unescaped(double) : utf8(single?.replaceAll("\\'", "'") ?? plain!)
      at += whole.length
    }
    words.push(word as Bytes)
  }
}
