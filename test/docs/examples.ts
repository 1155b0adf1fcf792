/** The pages of docs/, and the examples in them: code blocks marked `sh` and `ts`. Any other block is a listing. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Example {
  readonly language: 'sh' | 'ts'
  /** Of its first line in the page, counted from 1. */
  readonly line: number
  readonly text: string
}

/** What stands between two headings of the second level. */
export interface Section {
  readonly heading: string
  readonly examples: readonly Example[]
}

export interface Page {
  readonly name: string
  readonly text: string
  readonly sections: readonly Section[]
}

const DOCS = join(process.cwd(), 'docs')

export function readPage(name: string): Page {
  const text = readFileSync(join(DOCS, name), 'utf8')
  return { name, text, sections: sectionsOf(text.split('\n')) }
}

export function pageNames(): string[] {
  return readdirSync(DOCS).filter(name => name.endsWith('.md'))
}

function sectionsOf(lines: readonly string[]): Section[] {
  const sections: { heading: string; examples: Example[] }[] = [{ heading: 'the top', examples: [] }]
  for (let at = 0; at < lines.length; at++) {
    if (lines[at].startsWith('## ')) sections.push({ heading: lines[at].slice(3), examples: [] })
    const fence = /^```(\w*)$/.exec(lines[at])
    if (fence === null) continue
    const end = lines.indexOf('```', at + 1)
    if (end < 0) throw new Error(`the code block of line ${at + 1} has no end`)
    const language = fence[1]
    if (language === 'sh' || language === 'ts') {
      const text = lines.slice(at + 1, end).join('\n')
      sections[sections.length - 1].examples.push({ language, line: at + 2, text })
    }
    at = end
  }
  return sections
}
