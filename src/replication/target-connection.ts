/**
 * A connection to the target of MIGRATE: requests out, replies back in order, and a limit on how long nothing may move. As in
 * Redis, output goes in steps of 64 KiB, and each step and each reply may take the whole time.
 */

import net from 'node:net'
import Parser from 'redis-parser'
import { clearTimeout, setTimeout } from '../clock/platform.js'

const STEP_BYTES = 64 * 1024
const MAX_PORT = 65535

/** The target did not answer, or the connection broke. */
export class TargetError extends Error {
  readonly timedOut: boolean
  /** The target, which was found, wanted no connection. */
  readonly refused: boolean

  constructor(timedOut: boolean, refused = false) {
    super(timedOut ? 'the target does not answer' : 'there is no connection to the target')
    this.name = 'TargetError'
    this.timedOut = timedOut
    this.refused = refused
  }
}

/** A status reply, or an error's text. */
export interface TargetReply {
  readonly isError: boolean
  readonly text: string
}

export class TargetConnection {
  /** Database that is selected over there; NaN when that is not known. */
  database = Number.NaN
  /** Called once when the connection is gone. */
  onClosed: () => void = () => {}
  closed = false
  private readonly socket: net.Socket
  private readonly replies: TargetReply[] = []
  /** Ends what is being waited for: a reply, or that output is on its way. */
  private settle: ((error: TargetError | null) => void) | null = null
  private reading = false
  private readonly parser: Parser

  private constructor(socket: net.Socket) {
    this.socket = socket
    const received = (isError: boolean, text: string): void => {
      this.replies.push({ isError, text })
    }
    this.parser = new Parser({
      returnReply: reply => received(false, String(reply)),
      returnError: error => received(true, error.message),
      returnFatalError: () => this.close(),
    })
    socket.setNoDelay(true)
    socket.on('data', chunk => {
      this.parser.execute(chunk)
      if (this.reading && this.replies.length > 0) this.settle?.(null)
    })
    socket.on('error', () => this.close())
    socket.on('end', () => this.close())
    socket.on('close', () => this.close())
  }

  /** Rejects with a TargetError when there is no connection after `timeoutMs`. */
  static open(host: string, port: number, timeoutMs: number): Promise<TargetConnection> {
    return new Promise((resolve, reject) => {
      if (!(port > 0 && port <= MAX_PORT)) {
        reject(new TargetError(false, port >= 0))
        return
      }
      const socket = net.connect({ host, port })
      const fail = (error: TargetError): void => {
        clearTimeout(timer)
        socket.destroy()
        reject(error)
      }
      const timer = setTimeout(() => fail(new TargetError(true)), timeoutMs)
      const failed = (error: NodeJS.ErrnoException): void =>
        fail(new TargetError(false, error.syscall !== 'getaddrinfo'))
      socket.once('error', failed)
      socket.once('connect', () => {
        clearTimeout(timer)
        socket.off('error', failed)
        resolve(new TargetConnection(socket))
      })
    })
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.socket.destroy()
    this.settle?.(new TargetError(false))
    this.onClosed()
  }

  /** Resolves when all bytes are on their way. @throws TargetError */
  async write(bytes: Buffer, timeoutMs: number): Promise<void> {
    for (let at = 0; at < bytes.length; at += STEP_BYTES) {
      const step = bytes.subarray(at, at + STEP_BYTES)
      await this.wait(timeoutMs, done => this.socket.write(step, done))
    }
  }

  /** The next reply. @throws TargetError */
  async read(timeoutMs: number): Promise<TargetReply> {
    for (;;) {
      const reply = this.replies.shift()
      if (reply !== undefined) return reply
      this.reading = true
      try {
        await this.wait(timeoutMs, () => {})
      } finally {
        this.reading = false
      }
    }
  }

  private wait(timeoutMs: number, start: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.closed) {
        reject(new TargetError(false))
        return
      }
      const timer = setTimeout(() => settle(new TargetError(true)), timeoutMs)
      const settle = (error: TargetError | null): void => {
        clearTimeout(timer)
        if (this.settle === settle) this.settle = null
        if (error === null) resolve()
        else reject(error)
      }
      this.settle = settle
      start(error => settle(error ? new TargetError(false) : null))
    })
  }
}
