/** Answers that are whole when they begin, and the headers that all have. */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Nobody may keep what is shown, frame it, guess at its type, or have it in a page of his own. */
const HEADERS: readonly (readonly [string, string])[] = [
  ['cache-control', 'no-store'],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
]

export function setCommonHeaders(response: ServerResponse): void {
  for (const [name, value] of HEADERS) response.setHeader(name, value)
}

/** Sends a whole body; to HEAD its headers only. */
export function answer(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length })
  response.end(response.req.method === 'HEAD' ? undefined : bytes)
}

/** Says in words what is wrong. Of a body that has not been read nothing more is: the connection ends. */
export function refuse(response: ServerResponse, status: number, words: string): void {
  if (hasBody(response.req)) response.setHeader('connection', 'close')
  answer(response, status, 'text/plain; charset=utf-8', `${words}\n`)
}

/** Whether there is more of the request than its headers. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}
