import type { CommandFacts } from './command-facts.js'

type Field = keyof CommandFacts

/**
 * Where COMMAND and COMMAND DOCS of Redis 7.2 differ from those of the stock Redis 7.0 that the tests run beside, by the reason,
 * but for the arguments, most of which got better names. There is nothing else in which redis-ts may differ.
 */
const CHANGES: readonly (readonly [reason: string, fields: readonly Field[], commands: string])[] = [
  [
    'cluster proxies are told where to send it and how to put replies together',
    ['tips'],
    'acl|deluser acl|save acl|setuser client|setname config|resetstat config|rewrite latency|reset randomkey scan',
  ],
  ['never promised to set keys of several nodes or none', ['tips'], 'msetnx'],
  ['scripts may call it: it does not block there', ['flags'], 'blmove blpop brpop brpoplpush bzpopmax bzpopmin wait'],
  ['answered while a dataset is loaded', ['flags'], 'cluster|shards cluster|slots'],
  ['one argument (a whole command without any) is enough', ['arity'], 'command|getkeys command|getkeysandflags'],
  ['WITHSCORE came', ['arity', 'history'], 'zrank zrevrank'],
  ['the reply got new fields', ['history'], 'acl|log xinfo|consumers xinfo|stream'],
  ['deprecated since', ['docFlags', 'deprecatedSince', 'prose'], 'psetex quit setex setnx'],
  ['the complexity is told by XRANGE', ['prose'], 'xread'],
  ['the version is given as the release it became', ['since'], 'client|pause'],
]

/** Whether a command's fact is one that changed. */
export function changedSince70(command: string, field: Field): boolean {
  return CHANGES.some(([, fields, commands]) => fields.includes(field) && commands.split(' ').includes(command))
}
