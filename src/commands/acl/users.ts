/** ACL SETUSER, GETUSER, DELUSER, LIST and USERS. */
import { describeChannels, describeCommands, describeKeys, describeUser, userFlags } from '../../acl/describe.js'
import { channelRights } from '../../acl/revoked.js'
import type { Selector } from '../../acl/selector.js'
import { DEFAULT_USER } from '../../acl/user.js'
import type { CommandContext } from '../context.js'
import { disconnectSubscribers, disconnectUsers, rulesChanged } from './clients.js'

/** ACL SETUSER username [rule ...]. */
export function aclSetUser({ args, client, reply, server }: CommandContext): void {
  const name = args.latin1(2)
  const rules = Array.from({ length: args.argc - 3 }, (_, i) => args.latin1(i + 3))
  const user = server.acl.get(name)
  const before = user === undefined ? null : channelRights(user)
  const problem = server.acl.set(name, rules)
  if (problem !== null) {
    reply.error(`ERR ${problem}`)
    return
  }
  if (user !== undefined && before !== null) {
    rulesChanged(server)
    disconnectSubscribers(server, user, before, client)
  }
  reply.ok()
}

/** ACL DELUSER username [username ...]. Integer reply: how many there were. */
export function aclDelUser({ args, client, reply, server }: CommandContext): void {
  const names = Array.from({ length: args.argc - 2 }, (_, i) => args.latin1(i + 2))
  if (names.includes(DEFAULT_USER)) {
    reply.error("ERR The 'default' user cannot be removed")
    return
  }
  const gone = names.map(name => server.acl.delete(name)).filter(user => user !== null)
  disconnectUsers(server, gone, client)
  reply.integer(gone.length)
}

/** ACL GETUSER username: a map, or null when there is no such user. */
export function aclGetUser(ctx: CommandContext): void {
  const { args, reply, server } = ctx
  const user = server.acl.get(args.latin1(2))
  if (user === undefined) {
    reply.null()
    return
  }
  const [root, ...others] = user.selectors
  const flags = userFlags(user)
  reply.map(6)
  reply.bulkText('flags')
  reply.set(flags.length)
  for (const flag of flags) reply.bulkText(flag)
  reply.bulkText('passwords')
  reply.bulkArray(user.passwords)
  replySelector(ctx, root)
  reply.bulkText('selectors')
  reply.array(others.length)
  for (const selector of others) {
    reply.map(3)
    replySelector(ctx, selector)
  }
}

/** Three fields of a map. */
function replySelector({ reply }: CommandContext, selector: Selector): void {
  reply.bulkText('commands')
  reply.bulkText(describeCommands(selector))
  reply.bulkText('keys')
  reply.bulkText(describeKeys(selector))
  reply.bulkText('channels')
  reply.bulkText(describeChannels(selector))
}

/** ACL LIST: the users as lines of an ACL file. */
export function aclList({ reply, server }: CommandContext): void {
  reply.bulkArray(server.acl.list().map(user => `user ${user.name} ${describeUser(user)}`))
}

/** ACL USERS: the names. */
export function aclUsers({ reply, server }: CommandContext): void {
  reply.bulkArray(server.acl.list().map(({ name }) => name))
}
