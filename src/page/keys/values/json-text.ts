const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

/**
 * JSON over several lines; null for what is none. Only the space between tokens changes: numbers keep all their digits,
 * strings their escapes, objects the order and the number of their fields.
 */
export function prettyJson(text: string): string | null {
  try {
    JSON.parse(text)
  } catch {
    return null
  }
  const tokens = text.match(TOKEN) ?? []
  let depth = 0
  let pretty = ''
  const line = () => `\n${'  '.repeat(depth)}`
  tokens.forEach((token, i) => {
    if (token === '{' || token === '[') {
      depth++
      pretty += isEnd(tokens[i + 1]) ? token : token + line()
    } else if (isEnd(token)) {
      depth--
      pretty += isStart(tokens[i - 1]) ? token : line() + token
    } else if (token === ',') pretty += token + line()
    else pretty += token === ':' ? ': ' : token
  })
  return pretty
}

function isStart(token: string | undefined): boolean {
  return token === '{' || token === '['
}

function isEnd(token: string | undefined): boolean {
  return token === '}' || token === ']'
}
