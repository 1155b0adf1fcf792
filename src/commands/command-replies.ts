/**
 * What COMMAND and COMMAND DOCS say of each command, encoded once: of all commands it is half a megabyte in small pieces, which
 * would take longer to put together than a request may. Kept by spec, so that servers in one process share it.
 */
import { ReplyWriter } from '../resp/reply-writer.js'
import type { Command } from './command.js'
import { replyCommandDocs } from './server/command-docs.js'
import { replyCommandInfo } from './server/command-info.js'
import type { CommandSpec } from './spec.js'

type Kept = WeakMap<CommandSpec, Buffer>
type Encode = (reply: ReplyWriter, command: Command) => void

/** By protocol version. */
const keptInfo: readonly [Kept, Kept] = [new WeakMap(), new WeakMap()]
const keptDocs: readonly [Kept, Kept] = [new WeakMap(), new WeakMap()]

/** The command's element of COMMAND's reply, in RESP 2 or 3. */
export function commandInfoBytes(command: Command, resp: number): Buffer {
  return kept(keptInfo, command, resp, replyCommandInfo)
}

/** The command's name and map in the reply of COMMAND DOCS. */
export function commandDocsBytes(command: Command, resp: number): Buffer {
  return kept(keptDocs, command, resp, (reply, { fullName }) => {
    reply.bulkText(fullName)
    replyCommandDocs(reply, command)
  })
}

function kept(store: readonly [Kept, Kept], command: Command, resp: number, encode: Encode): Buffer {
  const bySpec = store[resp === 3 ? 1 : 0]
  let bytes = bySpec.get(command.spec)
  if (bytes === undefined) {
    writer.resp = resp
    encode(writer, command)
    const chunks = writer.takeChunks()
    bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
    bySpec.set(command.spec, bytes)
  }
  return bytes
}

const writer = new ReplyWriter()

/** Encodes all of it ahead of the first who asks, a command a step. */
export function* encodeCommandReplies(commands: readonly Command[]): Generator<void> {
  for (const command of commands) {
    for (const resp of [2, 3]) {
      commandInfoBytes(command, resp)
      yield
      commandDocsBytes(command, resp)
      yield
    }
  }
}
