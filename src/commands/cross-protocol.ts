/**
 * Requests that are not meant for a Redis server: a browser can be made to send it HTTP, whose body may hold commands. Source of
 * behaviour: securityWarningCommand in Redis's networking.c.
 */
import { latin1 } from '../bytes/latin1.js'
import type { Log } from '../observe/log.js'
import type { Client } from './client.js'

/** How every form and fetch() that a page of another origin may send begins, and a header that no HTTP request lacks. */
const HTTP_WORDS = ['post', 'host:']
const LONGEST_WORD = 5
const WARNING_SECONDS = 60

/** Whether bytes[start, end), in command position, are HTTP's, in any case. As in Redis they end at a zero byte. */
export function speaksHttp(bytes: Buffer, start: number, end: number): boolean {
  const text = latin1(bytes, start, Math.min(end, start + LONGEST_WORD + 1))
  const nul = text.indexOf('\0')
  return HTTP_WORDS.includes((nul < 0 ? text : text.slice(0, nul)).toLowerCase())
}

/** Closes connections that turn out to carry HTTP, and logs it from time to time: attackers shall not fill the log. */
export class CrossProtocolGuard {
  private readonly log: Log
  private warnedSeconds = 0

  constructor(log: Log) {
    this.log = log
  }

  /** Nothing more of this client is executed, and nothing that it has not been sent by now is sent. */
  abort(client: Client, nowMs: number): void {
    const seconds = Math.floor(nowMs / 1000)
    if (Math.abs(seconds - this.warnedSeconds) > WARNING_SECONDS) {
      this.warnedSeconds = seconds
      this.log.warning(
        `Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection from ${origin(client)} aborted.`,
      )
    }
    client.transport.close()
  }
}

/** Address and port as this warning shows them: no brackets, and not which Unix socket it is. */
function origin({ address, transport }: Client): string {
  return transport.isUnixSocket ? '/unixsocket:0' : address.replace(/[[\]]/g, '')
}
