/** Servers that speak HTTP, and ways to talk to them: as a program does, and in bytes that no program would send. */
import { connect } from 'node:net'
import { freePort, type RunningServer, type StartOptions, startRedisTs } from '../interop/stock.js'

export interface HttpServer extends RunningServer {
  readonly httpPort: number
  /** http://127.0.0.1:PORT */
  readonly url: string
}

export interface HttpOptions extends StartOptions {
  /** Listen here for HTTP instead of on a free port. */
  httpPort?: number
}

export async function startWithHttp(args: string[] = [], options: HttpOptions = {}): Promise<HttpServer> {
  const httpPort = options.httpPort ?? (await freePort())
  const server = await startRedisTs(['--save', '', '--http-port', String(httpPort), ...args], options)
  return { ...server, httpPort, url: `http://127.0.0.1:${httpPort}` }
}

export interface RawResponse {
  readonly status: number
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** Sends bytes as they are, and resolves with all that comes until the server closes the connection. */
export function exchange(port: number, bytes: string): Promise<string> {
  return new Promise(resolve => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'))
    socket.setEncoding('latin1').on('data', text => (received += text))
    socket.on('error', () => {})
    socket.on('close', () => resolve(received))
  })
}

/** One request with these headers and no others; the connection ends behind it. */
export async function ask(
  port: number,
  line: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): Promise<RawResponse> {
  const all: Record<string, string> = { Host: `127.0.0.1:${port}`, Connection: 'close', ...headers }
  if (body !== '') all['Content-Length'] = String(Buffer.byteLength(body))
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return parseResponse(await exchange(port, `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`))
}

export function parseResponse(text: string): RawResponse {
  const [head, ...rest] = text.split('\r\n\r\n')
  const [status, ...lines] = head.split('\r\n')
  const headers = lines.map(line => {
    const colon = line.indexOf(': ')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)] as const
  })
  return { status: Number(status.split(' ')[1]), headers: new Map(headers), body: rest.join('\r\n\r\n') }
}

/** HTTP's Basic scheme. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}
