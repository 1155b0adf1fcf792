/** How the page is served: as the build has made it, able to do nothing but talk to its server. */
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { ask, exchange, type HttpServer, startWithHttp } from './http-kit.js'

let server: HttpServer

beforeAll(async () => {
  server = await startWithHttp(['--requirepass', 'secret'])
})

/** The body's bytes of an answer to these headers. */
async function bytesFor(encoding: string): Promise<Buffer> {
  const request = `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept-Encoding: ${encoding}\r\n\r\n`
  const answer = await exchange(server.httpPort, request)
  return Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1')
}

test('it is one document, which anybody may have', async () => {
  const response = await fetch(server.url)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  const html = await response.text()
  expect(html).toMatch(/^<!doctype html>/i)
  expect(html).not.toMatch(/<(script|link|img)[^>]*(src|href)="https?:/)
})

test('only the script and the style that are in it run', async () => {
  const response = await fetch(server.url)
  const html = await response.text()
  const policy = response.headers.get('content-security-policy') ?? ''
  const directives = new Map(policy.split('; ').map(text => [text.split(' ')[0], text.split(' ').slice(1)]))
  for (const [element, directive] of [
    ['script', 'script-src'],
    ['style', 'style-src'],
  ]) {
    const texts = [...html.matchAll(new RegExp(`<${element}[^>]*>([\\s\\S]*?)</${element}>`, 'g'))].map(
      ([, text]) => text,
    )
    expect(texts).toHaveLength(1)
    const hashes = texts.map(text => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
    expect(directives.get(directive)).toEqual(hashes)
  }
  expect(directives.get('default-src')).toEqual(["'none'"])
  expect(directives.get('connect-src')).toEqual(["'self'"])
  expect(directives.get('frame-ancestors')).toEqual(["'none'"])
  expect(directives.get('base-uri')).toEqual(["'none'"])
  expect(policy).not.toContain('unsafe')
})

test('it comes compressed to who takes that', async () => {
  const plain = await bytesFor('identity')
  expect(gunzipSync(await bytesFor('gzip, deflate, br')).equals(plain)).toBe(true)
  expect((await bytesFor('gzip;q=0, deflate')).equals(plain)).toBe(true)
})

test('who has it gets no more than that', async () => {
  const { headers } = await ask(server.httpPort, 'GET /')
  const etag = headers.get('etag') ?? ''
  const again = await ask(server.httpPort, 'GET /', { 'If-None-Match': etag })
  expect([again.status, again.body]).toEqual([304, ''])
  expect((await ask(server.httpPort, 'GET /', { 'If-None-Match': '"other"' })).status).toBe(200)
  expect((await ask(server.httpPort, 'HEAD /')).body).toBe('')
})
