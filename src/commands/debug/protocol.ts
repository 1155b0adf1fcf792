/** DEBUG PROTOCOL: one reply of each type, for the tests of client libraries. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { CommandContext } from '../context.js'

const KINDS = new Map<string, (reply: ReplyWriter) => void>([
  ['string', reply => reply.bulkText('Hello World')],
  ['integer', reply => reply.integer(12345)],
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: the value that client libraries test for
  ['double', reply => reply.double(3.141)],
  ['bignum', reply => reply.bigNumber('1234567999999999999999999999999999999')],
  ['null', reply => reply.null()],
  ['array', replyArray],
  ['set', replySet],
  ['map', replyMap],
  ['attrib', replyAttribute],
  ['push', replyPush],
  ['verbatim', reply => reply.verbatim('This is a verbatim\nstring')],
  ['true', reply => reply.boolean(true)],
  ['false', reply => reply.boolean(false)],
])

/** DEBUG PROTOCOL type. */
export function debugProtocol({ args, reply }: CommandContext): void {
  const kind = KINDS.get(args.lower(2))
  if (kind !== undefined) kind(reply)
  else {
    const names = [...KINDS.keys()].join('|')
    reply.error(`ERR Wrong protocol type name. Please use one of the following: ${names}`)
  }
}

function replyArray(reply: ReplyWriter): void {
  reply.array(3)
  for (let i = 0; i < 3; i++) reply.integer(i)
}

function replySet(reply: ReplyWriter): void {
  reply.set(3)
  for (let i = 0; i < 3; i++) reply.integer(i)
}

function replyMap(reply: ReplyWriter): void {
  reply.map(3)
  for (let i = 0; i < 3; i++) {
    reply.integer(i)
    reply.boolean(i === 1)
  }
}

/** An attribute precedes a reply, which there has to be too. */
function replyAttribute(reply: ReplyWriter): void {
  if (reply.resp === 3) {
    reply.attribute(1)
    reply.bulkText('key-popularity')
    reply.array(2)
    reply.bulkText('key:123')
    reply.integer(90)
  }
  reply.bulkText('Some real reply following the attribute')
}

/** A push stands beside the replies, so that there has to be one as well. */
function replyPush(reply: ReplyWriter): void {
  if (reply.resp !== 3) {
    reply.error('ERR RESP2 is not supported by this command')
    return
  }
  reply.push(2)
  reply.bulkText('server-cpu-usage')
  reply.integer(42)
  reply.bulkText('Some real reply following the push reply')
}
