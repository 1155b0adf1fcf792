/** What replies a client gets lately: Redis sizes each client's reply buffer by it, here CLIENT LIST shows it (rbp and rbs). */
import { wallClock } from '../clock/platform.js'
import type { ReplyBufferSettings } from '../commands/server-api.js'

/** Sizes between which Redis keeps a client's reply buffer (PROTO_REPLY_ in server.h). */
const MIN_BYTES = 1024
const MAX_BYTES = 16 * 1024

export class ReplyPeak {
  /** Most bytes of replies in one turn since `notedMs`. */
  highest = 0
  private notedMs = 0

  note(bytes: number): void {
    this.highest = bytes
    this.notedMs = wallClock()
  }

  /** The peak, if it is not too old to count. */
  bytes({ peakResetMs }: ReplyBufferSettings): number {
    if (peakResetMs >= 0 && wallClock() - this.notedMs > peakResetMs) this.note(0)
    return this.highest
  }
}

/** How large a reply buffer of the client's own would be. */
export function bufferForPeak(peakBytes: number, { resizing }: ReplyBufferSettings): number {
  return resizing ? Math.min(MAX_BYTES, Math.max(MIN_BYTES, peakBytes + 1)) : MAX_BYTES
}
