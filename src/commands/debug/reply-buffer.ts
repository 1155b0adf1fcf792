/** DEBUG REPLYBUFFER: how the figures of clients' reply buffers (CLIENT LIST rbs, rbp) follow what the clients need. */
import { type CommandContext, NOT_AN_INTEGER } from '../context.js'

/** How long a peak counts unless told. */
export const REPLY_PEAK_RESET_MS = 5000
const NEVER_MS = -1

/** DEBUG REPLYBUFFER PEAK-RESET-TIME NEVER|RESET|milliseconds, or RESIZING 0|1. */
export function debugReplyBuffer({ args, reply, server }: CommandContext): void {
  const { replyBuffer } = server
  if (args.is(2, 'resizing')) replyBuffer.resizing = args.safeInteger(3) > 0
  else if (!args.is(2, 'peak-reset-time')) {
    reply.error(`ERR unknown subcommand or wrong number of arguments for '${args.latin1(1)}'. Try DEBUG HELP.`)
    return
  } else {
    const ms = args.is(3, 'never') ? NEVER_MS : args.is(3, 'reset') ? REPLY_PEAK_RESET_MS : args.safeInteger(3)
    if (Number.isNaN(ms)) {
      reply.error(NOT_AN_INTEGER)
      return
    }
    replyBuffer.peakResetMs = ms
  }
  reply.ok()
}
