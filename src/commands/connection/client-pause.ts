/** CLIENT PAUSE and UNPAUSE; what a pause does is in pause.ts. */
import { INT64_MAX } from '../../bytes/integers.js'
import { PAUSE_ALL, PAUSE_WRITES } from '../blocking/pause.js'
import type { CommandContext } from '../context.js'
import { subcommandSyntaxError } from '../help.js'
import { ADMIN, type CommandSpec, LOADING, NOSCRIPT, STALE } from '../spec.js'

const ADMIN_ANYTIME = ADMIN | NOSCRIPT | LOADING | STALE

export const clientPause: CommandSpec = {
  name: 'pause',
  arity: -3,
  flags: ADMIN_ANYTIME,
  group: 'connection',
  since: '3.0.0',
  summary: 'Lets all commands, or those that write, wait for some milliseconds.',
  complexity: 'O(1)',
  history: [['6.2.0', '`CLIENT PAUSE WRITE` mode added along with the `mode` option.']],
  arguments: [
    { name: 'timeout', type: 'integer' },
    {
      name: 'mode',
      type: 'oneof',
      optional: true,
      since: '6.2.0',
      arguments: [
        { name: 'write', type: 'pure-token', token: 'WRITE' },
        { name: 'all', type: 'pure-token', token: 'ALL' },
      ],
    },
  ],
  run: pause,
}

export const clientUnpause: CommandSpec = {
  name: 'unpause',
  arity: 2,
  flags: ADMIN_ANYTIME,
  group: 'connection',
  since: '6.2.0',
  summary: 'Ends a pause: commands that waited go on.',
  complexity: 'O(N) Where N is the number of paused clients',
  run: unpause,
}

/** CLIENT PAUSE timeout [WRITE|ALL]. */
function pause({ args, reply, server }: CommandContext): void {
  if (args.argc > 4) {
    reply.error(subcommandSyntaxError(args, 'CLIENT'))
    return
  }
  const writesOnly = args.argc === 4 && args.is(3, 'write')
  if (args.argc === 4 && !writesOnly && !args.is(3, 'all')) {
    reply.error('ERR CLIENT PAUSE mode must be WRITE or ALL')
    return
  }
  const timeoutMs = args.int64(2)
  const now = server.keyspace.time.now()
  if (timeoutMs === null) reply.error('ERR timeout is not an integer or out of range')
  else if (timeoutMs < 0n) reply.error('ERR timeout is negative')
  else if (timeoutMs > INT64_MAX - BigInt(now)) reply.error('ERR timeout is out of range')
  else {
    // Without a time it ends at once, but may make a pause under way more restrictive.
    const untilMs = timeoutMs === 0n ? 0 : now + Number(timeoutMs)
    server.pause.beginForClient(writesOnly ? PAUSE_WRITES : PAUSE_ALL, untilMs)
    reply.ok()
  }
}

function unpause({ reply, server }: CommandContext): void {
  server.pause.end('client')
  reply.ok()
}
