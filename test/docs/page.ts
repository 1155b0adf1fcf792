/** A page of docs/: the files that it shows, and the commands. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Page {
  /** By name: the code blocks below a line that is nothing but a file's name. */
  readonly files: ReadonlyMap<string, string>
  /** The lines of its `sh` blocks. */
  readonly commands: readonly string[]
}

const FILE = /^`([^`\n]+)`\n\n```\w+\n([\s\S]*?)^```$/gm
const COMMANDS = /^```sh\n([\s\S]*?)^```$/gm

export function readPage(name: string): Page {
  const text = readFileSync(join('docs', name), 'utf8')
  const files = new Map([...text.matchAll(FILE)].map(([, file, code]) => [file, code]))
  const commands = [...text.matchAll(COMMANDS)].flatMap(([, lines]) => lines.trim().split('\n'))
  // All code is accounted for: none is left out because of how it is written.
  const blocks = text.match(/^```\w+$/gm) ?? []
  const shells = text.match(/^```sh$/gm) ?? []
  if (blocks.length !== files.size + shells.length) throw new Error(`${name} has code that belongs to no file`)
  return { files, commands }
}
