/** ACL categories of commands. Most follow from flags and group (setImplicitACLCategories in Redis's server.c). */
import { ADMIN, BLOCKING, type CommandSpec, FAST, type Group, PUBSUB, READONLY, WRITE } from './spec.js'

/** Every ACL category, in Redis's order. */
export const CATEGORIES = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
] as const

/** Categories of data and connections: a generic command that names one of these is not about the keyspace as such. */
const SUBJECTS: ReadonlySet<string> = new Set(['connection', 'list', 'set', 'sortedset'])

const GROUP_CATEGORIES: { readonly [group in Group]?: string } = {
  string: 'string',
  bitmap: 'bitmap',
  hash: 'hash',
  list: 'list',
  set: 'set',
  'sorted-set': 'sortedset',
  stream: 'stream',
  geo: 'geo',
  hyperloglog: 'hyperloglog',
  generic: 'keyspace',
  connection: 'connection',
  transactions: 'transaction',
}

/** The command's categories without "@", in the order of CATEGORIES. */
export function categoriesOf(spec: CommandSpec): string[] {
  const { flags } = spec
  const found = new Set<string>(spec.categories)
  const ofGroup = GROUP_CATEGORIES[spec.group]
  const isAbout = [...found].some(category => SUBJECTS.has(category))
  // A container is only a name for its subcommands, which have categories of their own.
  const ownGroup = spec.subcommands === undefined && !(spec.group === 'generic' && isAbout)
  if (ofGroup !== undefined && ownGroup) found.add(ofGroup)
  if (flags & WRITE) found.add('write')
  if (flags & READONLY && !found.has('scripting')) found.add('read')
  if (flags & ADMIN) found.add('admin').add('dangerous')
  if (flags & PUBSUB) found.add('pubsub')
  if (flags & BLOCKING) found.add('blocking')
  found.add(flags & FAST ? 'fast' : 'slow')
  return CATEGORIES.filter(category => found.has(category))
}
