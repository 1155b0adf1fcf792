/** Answers that are whole when they begin, and the headers that all have. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { clearTimeout, setTimeout } from '../clock/platform.js'

/** Nobody may keep what is shown, frame it, guess at its type, or have it in a page of his own. */
const HEADERS: readonly (readonly [string, string])[] = [
  ['cache-control', 'no-store'],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
]

/** What is still read of a body that nobody wants. */
const LEFT_BODY_BYTES = 4 * 1024 * 1024
const LEFT_BODY_MS = 2000

export function setCommonHeaders(response: ServerResponse): void {
  for (const [name, value] of HEADERS) response.setHeader(name, value)
}

/** Sends a whole body; to HEAD its headers only. */
export function answer(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length })
  response.end(response.req.method === 'HEAD' ? undefined : bytes)
}

/** Says in words what is wrong. */
export function refuse(response: ServerResponse, status: number, words: string): void {
  leaveBody(response.req)
  answer(response, status, 'text/plain; charset=utf-8', `${words}\n`)
}

/**
 * Nobody wants the request's body. It is dropped as it comes, since many clients only read the answer when they have sent all of
 * theirs; but of one that is long, or slow, the connection is cut.
 */
export function leaveBody(request: IncomingMessage): void {
  const { headers, socket } = request
  if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') return
  let bytes = 0
  const timer = setTimeout(() => socket.destroy(), LEFT_BODY_MS).unref()
  const end = (): void => clearTimeout(timer)
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > LEFT_BODY_BYTES) socket.destroy()
  })
  request.on('end', end)
  request.on('close', end)
  // It may have ended by now.
  if (request.complete) end()
}
