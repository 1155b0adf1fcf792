/** The transport of clients without a connection of their own: the master's stream, the server itself. */
import type { Transport } from '../commands/client.js'

export const NO_TRANSPORT: Transport = {
  remoteAddress: '?:0',
  localAddress: '?:0',
  fd: -1,
  isUnixSocket: false,
  pendingOutputBytes: 0,
  replyBytes: 0,
  pendingOutputChunks: 0,
  replyPeakBytes: 0,
  replyBufferBytes: 0,
  pendingInputBytes: 0,
  freeInputBytes: 0,
  memoryBytes: 0,
  onDrain: null,
  trimInput(): void {},
  setNoDelay(): void {},
  send(): void {},
  sendAll(): void {},
  post(): void {},
  flush(): void {},
  replyFrom(source): void {
    source.close()
  },
  postpone(): void {},
  dropPostponed(): void {},
  close(): void {},
  drop(): void {},
  closeAfterReplies(): void {},
  resume(): void {},
}
