/**
 * Expands `proc-title-template`: `{name}` is replaced by `variable(name)`, `{{` is a brace. null when a brace is left open
 * or `variable` gives null, which it does for names it does not know. Blanks around the result are cut.
 */
export function expandProcTitle(template: string, variable: (name: string) => string | null): string | null {
  let title = ''
  let at = 0
  while (true) {
    const open = template.indexOf('{', at)
    if (open < 0) return trimSpaces(title + template.slice(at))
    title += template.slice(at, open)
    if (template[open + 1] === '{') {
      title += '{'
      at = open + 2
      continue
    }
    const close = template.indexOf('}', open)
    if (close < 0) return null
    const value = variable(template.slice(open + 1, close))
    if (value === null) return null
    title += value
    at = close + 1
  }
}

/** Every variable with a text, but for those that may be empty in a server without cluster mode and title. */
const SAMPLE = new Map([
  ['title', ''],
  ['server-mode', ''],
  ['listen-addr', '*:6379'],
  ['config-file', '-'],
  ['port', '6379'],
  ['tls-port', '0'],
  ['unixsocket', 'socket'],
])

/** Redis's text for a template that no title can be made of, else null. */
export function checkProcTitle(template: string): string | null {
  return expandProcTitle(template, name => SAMPLE.get(name) ?? null)
    ? null
    : 'template format is invalid or contains unknown variables'
}

function trimSpaces(title: string): string {
  return title.replace(/^ +| +$/g, '')
}
