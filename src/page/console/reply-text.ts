import { type Bytes, quoted } from '../server/bytes.js'
import { bytesIn, isMap, isSet, type Reply } from '../server/reply.js'

const LONGEST_TEXT = 256 * 1024

/** A reply as redis-cli prints those of RESP3 to a terminal, but that letters of UTF-8 stay letters. */
export function replyText(reply: Reply, longest = LONGEST_TEXT): string {
  const lines = new Lines(longest)
  lines.add(reply, '')
  return lines.text.replace(/\n$/, '') + (lines.full ? '\n… the rest is not shown' : '')
}

/** Text that grows up to a limit. */
class Lines {
  text = ''
  readonly #longest: number

  constructor(longest: number) {
    this.#longest = longest
  }

  get full(): boolean {
    return this.text.length > this.#longest
  }

  add(reply: Reply, indent: string): void {
    if (Array.isArray(reply)) this.#addElements(reply, indent, ')', '(empty array)')
    else if (isSet(reply)) this.#addElements(reply.set, indent, '~', '(empty set)')
    else if (isMap(reply)) this.#addPairs(reply.map, indent)
    else this.text += `${scalar(reply)}\n`
  }

  #addElements(elements: Reply[], indent: string, mark: string, empty: string): void {
    if (elements.length === 0) this.text += `${empty}\n`
    const digits = String(elements.length).length
    for (let i = 0; i < elements.length && !this.full; i++) {
      this.text += `${i === 0 ? '' : indent}${String(i + 1).padStart(digits)}${mark} `
      this.add(elements[i]!, indent + ' '.repeat(digits + 2))
    }
  }

  #addPairs(pairs: [Reply, Reply][], indent: string): void {
    if (pairs.length === 0) this.text += '(empty hash)\n'
    const digits = String(pairs.length).length
    const inner = indent + ' '.repeat(digits + 2)
    for (let i = 0; i < pairs.length && !this.full; i++) {
      const [key, value] = pairs[i]!
      this.text += `${i === 0 ? '' : indent}${String(i + 1).padStart(digits)}# `
      this.add(key, inner)
      this.text = `${this.text.slice(0, -1)} => ${isOverLines(value) ? `\n${inner}` : ''}`
      this.add(value, inner)
    }
  }
}

function scalar(reply: Exclude<Reply, Reply[]>): string {
  if (reply === null) return '(nil)'
  if (typeof reply === 'boolean') return reply ? '(true)' : '(false)'
  if (typeof reply === 'number') return `(integer) ${reply}`
  if (typeof reply === 'object') {
    if ('error' in reply) return `(error) ${reply.error}`
    if ('status' in reply) return reply.status
    if ('integer' in reply) return `(integer) ${reply.integer}`
    if ('double' in reply) return `(double) ${reply.double}`
    if ('text' in reply) return reply.text
  }
  return quoted(bytesIn(reply) as Bytes)
}

function isOverLines(reply: Reply): boolean {
  if (isMap(reply)) return reply.map.length > 1 || (reply.map.length === 1 && isOverLines(reply.map[0]![1]))
  const elements = Array.isArray(reply) ? reply : isSet(reply) ? reply.set : []
  return elements.length > 1 || (elements.length === 1 && isOverLines(elements[0]!))
}
