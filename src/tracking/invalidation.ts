/** The bytes of invalidation messages, in both versions of the protocol. */
import { encodeBulks } from '../resp/encode.js'

const PUSH = Buffer.from('>2\r\n$10\r\ninvalidate\r\n', 'latin1')
const MESSAGE = Buffer.from('*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n', 'latin1')
const ALL_KEYS_PUSH = Buffer.concat([PUSH, Buffer.from('_\r\n', 'latin1')])
const ALL_KEYS_MESSAGE = Buffer.concat([MESSAGE, Buffer.from('$-1\r\n', 'latin1')])

/** One message to any number of clients: each version is encoded once, when the first of them needs it. */
export class Invalidation {
  static readonly ofAllKeys = new Invalidation(null)
  private readonly keys: readonly (string | Uint8Array)[] | null
  private encodedPush: Buffer | null = null
  private encodedMessage: Buffer | null = null

  /** @param keys the keys that are no longer what they were; null: none is. Texts are one character a byte. */
  constructor(keys: readonly (string | Uint8Array)[] | null) {
    this.keys = keys
  }

  /** RESP3: the push "invalidate". */
  get push(): Buffer {
    if (this.keys === null) return ALL_KEYS_PUSH
    return (this.encodedPush ??= Buffer.concat([PUSH, encodeBulks('*', this.keys)]))
  }

  /** RESP2: a message of the channel __redis__:invalidate, whose content is an array. */
  get message(): Buffer {
    if (this.keys === null) return ALL_KEYS_MESSAGE
    return (this.encodedMessage ??= Buffer.concat([MESSAGE, encodeBulks('*', this.keys)]))
  }
}

/** RESP3: says that the client that invalidations were to go to is gone. */
export function redirectBroken(id: number): Buffer {
  return Buffer.from(`>2\r\n$21\r\ntracking-redir-broken\r\n:${id}\r\n`, 'latin1')
}
