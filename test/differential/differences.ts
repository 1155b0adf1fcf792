/**
 * Where redis-ts, which follows Redis 7.2, rightly answers otherwise than the redis-server 7.0.15 it is compared with. Each entry says
 * for which command, how the two replies differ, and why; whatever no entry covers is a defect.
 */
import { nameOf } from './compare.js'

export interface Difference {
  readonly reason: string
  /** Which requests of the command. */
  readonly applies?: (request: readonly string[]) => boolean
  /** Name of the command, "config|get" for a subcommand. */
  readonly command: RegExp
  /** The replies, as replyText() shows them. */
  readonly ours: RegExp
  readonly stock: RegExp
  /** Takes out of both replies what may differ; the rest must be the same. Without it nothing more is compared. */
  readonly common?: (reply: string) => string
}

/** DUMP's reply begins with the type: 4, fields and values one by one; 2, members one by one. */
const PLAIN_HASH = new RegExp(`^\\$${String.fromCharCode(4)}`)
const PLAIN_SET = new RegExp(`^\\$${String.fromCharCode(2)}`)

export const differences: readonly Difference[] = [
  {
    reason: 'what a cursor that the server has not given leads to depends on the order of a hash table',
    command: /^[hsz]?scan$/,
    applies: ([name, ...args]) => args[name.length === 4 ? 0 : 1] !== '0',
    ours: /^[*%]/,
    stock: /^[*%]/,
  },
  {
    reason: 'ACL DRYRUN names the user since 7.2',
    command: /^acl\|dryrun$/,
    ours: /^\$User .* has no permissions to /s,
    stock: /^\$This user has no permissions to /,
    // Keys with a zero byte are cut there by 7.0.
    common: reply => reply.replace(/User .* has no/s, 'This user has no').replace(/'.*'/s, ''),
  },
  {
    reason:
      '7.2 keeps the rules of a user as they were given; 7.0 rebuilds them from its bitmap. 7.0 hides the flag sanitize-payload',
    command: /^acl\|getuser$/,
    ours: /"commands"/,
    stock: /"commands"/,
    common: reply => reply.replace(/ \$"sanitize-payload"/, '').replace(/\$"commands" \$"[^"]*"/g, 'commands'),
  },
  {
    reason: 'a text with a zero byte: C formats end there, redis-ts repeats all of it',
    command: /^/,
    ours: /^-[A-Z]+ .*\0/s,
    stock: /^-[A-Z]+ /,
  },
  {
    reason: 'the fields of a hash table come in an order of its own',
    command: /^dump$/,
    ours: PLAIN_HASH,
    stock: PLAIN_HASH,
    common: reply => String(reply.length),
  },
  {
    reason: 'the members of a hash table come in an order of its own',
    command: /^dump$/,
    ours: PLAIN_SET,
    stock: PLAIN_SET,
    common: reply => String(reply.length),
  },
  {
    reason: 'small sets of strings are listpacks since 7.2',
    command: /^object\|encoding$/,
    ours: /^\$listpack$/,
    stock: /^\$hashtable$/,
  },
  {
    reason: 'small lists are listpacks since 7.2',
    command: /^object\|encoding$/,
    ours: /^\$listpack$/,
    stock: /^\$quicklist$/,
  },
  {
    reason: '7.2 refuses the one rank of LPOS that has no opposite',
    command: /^lpos$/,
    ours: /^-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807$/,
    stock: /^/,
  },
  {
    reason:
      '7.2 makes a consumer that reads before there is anything for it, and tells when it last got entries; how many nodes Redis has is an estimate',
    command: /^xinfo\|(stream|consumers|groups)$/,
    ours: /^[*%]/,
    stock: /^[*%]/,
    common: withoutLaterFacts,
  },
  {
    reason: '7.2 makes a consumer that reads before there is anything for it: there is one already',
    command: /^xgroup$/,
    ours: /^:0$/,
    stock: /^:1$/,
  },
  {
    reason: '7.2 names the command and the special ID of that command',
    command: /^xread(group)?$/,
    ours: /^-ERR Unbalanced '/,
    stock: /^-ERR Unbalanced XREAD/,
  },
  {
    reason: '7.2 compares the ID of XSETID with the greatest one deleted before it looks at the last entry',
    command: /^xsetid$/,
    ours: /^-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id$/,
    stock: /^-ERR The ID specified in XSETID is smaller than the target stream top item$/,
  },
  {
    reason: '7.2 writes numbers by fpconv, some with an exponent: 44495.49609375 is 4.449549609375e+4',
    command: /^(z|geo)/,
    ours: /\de[+-]\d|\d{17}/,
    stock: /\d/,
    common: reply => reply.replace(/-?\d+(\.\d+)?(e[+-]\d+)?/g, number => String(Number(number))),
  },
]

/** What XINFO says in 7.0 and in 7.2, of consumers with something pending. */
export function withoutLaterFacts(reply: string): string {
  return reply
    .replace(/\$"radix-tree-nodes" :"\d+"/, '')
    .replace(/ \$"active-time" (time|:"-1")/g, '')
    .replace(/ inactive/g, '')
    .replace(/\$"consumers" :"\d+"/g, '')
    .replace(/ ?[*%]\(\$"name" \$"[^"]*" \$"pending" :"0" idle\)/g, '')
    .replace(/ ?[*%]\(\$"name" \$"[^"]*" \$"seen-time" time \$"pel-count" :"0" \$"pending" \*\(\)\)/g, '')
    .replace(/\( /g, '(')
}

export function isKnownDifference(request: readonly string[], ours: string, stock: string): boolean {
  const name = nameOf(request)
  return differences.some(
    known =>
      known.command.test(name) &&
      (known.applies === undefined || known.applies(request)) &&
      known.ours.test(ours) &&
      known.stock.test(stock) &&
      (known.common === undefined || known.common(ours) === known.common(stock)),
  )
}
