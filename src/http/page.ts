/** The page's one file, which the build has put into dist, and what it may do in a browser: nothing but talk to this server. */
import { createHash } from 'node:crypto'
import fs from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { refuse } from './answers.js'

const FILE = 'page.html'
/** Below the bundle or one folder up from a module in dist, and in dist while this runs from src. */
const PLACES = ['./', '../', '../../dist/']
/** By what browsers call it; the file beside the plain one ends in it. Brotli they ask for over HTTPS only. */
const ENCODINGS = [['gzip', '.gz']] as const

interface Loaded {
  readonly bytes: Buffer
  readonly modifiedMs: number
  readonly etag: string
  readonly policy: string
  /** The same, compressed. */
  readonly encoded: ReadonlyMap<string, Buffer>
}

export class Page {
  private loaded: Loaded | null = null

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const page = await this.load()
    if (page === null) {
      refuse(response, 404, 'The page has not been built: `npm run prepare` makes it. /metrics and /health are there.')
      return
    }
    response.setHeader('content-security-policy', page.policy)
    response.setHeader('cache-control', 'no-cache')
    response.setHeader('etag', page.etag)
    response.setHeader('vary', 'accept-encoding')
    if (request.headers['if-none-match'] === page.etag) {
      response.writeHead(304)
      response.end()
      return
    }
    const encoding = ENCODINGS.find(([name]) => page.encoded.has(name) && isAccepted(request, name))?.[0]
    const bytes = encoding === undefined ? page.bytes : (page.encoded.get(encoding) ?? page.bytes)
    if (encoding !== undefined) response.setHeader('content-encoding', encoding)
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': bytes.length })
    response.end(request.method === 'HEAD' ? undefined : bytes)
  }

  private async load(): Promise<Loaded | null> {
    for (const place of PLACES) {
      const file = fileURLToPath(new URL(`${place}${FILE}`, import.meta.url))
      const found = await fs.stat(file).catch(() => null)
      if (found === null) continue
      if (this.loaded?.modifiedMs !== found.mtimeMs) this.loaded = await read(file, found.mtimeMs)
      return this.loaded
    }
    return null
  }
}

/** Source: RFC 9110, 12.5.3. */
function isAccepted({ headers }: IncomingMessage, encoding: string): boolean {
  const accepted = String(headers['accept-encoding'] ?? '').split(',')
  return accepted.some(one => {
    const [name, ...parameters] = one.split(';').map(part => part.trim().toLowerCase())
    return name === encoding && !parameters.some(parameter => /^q=0(\.0*)?$/.test(parameter))
  })
}

async function read(file: string, modifiedMs: number): Promise<Loaded> {
  const bytes = await fs.readFile(file)
  const encoded = new Map<string, Buffer>()
  for (const [name, suffix] of ENCODINGS) {
    const other = await fs.readFile(`${file}${suffix}`).catch(() => null)
    if (other !== null) encoded.set(name, other)
  }
  return { bytes, modifiedMs, etag: `"${sha256(bytes)}"`, policy: policyFor(bytes.toString()), encoded }
}

/** Only the scripts and styles that are in the page run, by their hashes, and only this server is asked for anything. */
function policyFor(html: string): string {
  return [
    "default-src 'none'",
    `script-src ${hashes(html, 'script')}`,
    `style-src ${hashes(html, 'style')}`,
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function hashes(html: string, element: string): string {
  const found = [...html.matchAll(new RegExp(`<${element}\\b[^>]*>([\\s\\S]*?)</${element}>`, 'gi'))]
  return found.length === 0 ? "'none'" : found.map(([, text]) => `'sha256-${sha256(text)}'`).join(' ')
}

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('base64')
}
