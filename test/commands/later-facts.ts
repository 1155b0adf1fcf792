import { readFileSync } from 'node:fs'
import type { CommandFacts } from './command-facts.js'

/**
 * What COMMAND DOCS tells of a command of Redis 7.2 beyond what that tells: arguments, and the versions they came in, of Redis 8 or
 * Valkey.
 */
interface Additions {
  /** As CommandFacts has them. */
  readonly arguments: readonly string[]
  readonly history: readonly string[]
}

const FILTERS_OF_VALKEY_9 = [
  'name string token=NAME since=9.0.0 optional',
  'idle integer token=IDLE since=9.0.0 optional',
  'flags string token=FLAGS since=9.0.0 optional',
  'lib-name string token=LIB-NAME since=9.0.0 optional',
  'lib-ver string token=LIB-VER since=9.0.0 optional',
  'db integer token=DB since=9.0.0 optional',
  'capa string token=CAPA since=9.0.0 optional',
  'ip string token=IP since=9.0.0 optional',
  'not-client-type oneof token=NOT-TYPE since=9.0.0 optional',
  '  normal pure-token token=NORMAL',
  '  master pure-token token=MASTER',
  '  primary pure-token token=PRIMARY',
  '  slave pure-token token=SLAVE',
  '  replica pure-token token=REPLICA',
  '  pubsub pure-token token=PUBSUB',
  'not-client-id integer token=NOT-ID since=9.0.0 optional multiple',
  'not-username string token=NOT-USER since=9.0.0 optional',
  'not-addr string display=ip:port token=NOT-ADDR since=9.0.0 optional',
  'not-laddr string display=ip:port token=NOT-LADDR since=9.0.0 optional',
  'not-name string token=NOT-NAME since=9.0.0 optional',
  'not-flags string token=NOT-FLAGS since=9.0.0 optional',
  'not-lib-name string token=NOT-LIB-NAME since=9.0.0 optional',
  'not-lib-ver string token=NOT-LIB-VER since=9.0.0 optional',
  'not-db integer token=NOT-DB since=9.0.0 optional',
  'not-capa string token=NOT-CAPA since=9.0.0 optional',
  'not-ip string token=NOT-IP since=9.0.0 optional',
]

const REFERENCES_OF_REDIS_8 = [
  'condition oneof since=8.2.0 optional',
  '  keepref pure-token token=KEEPREF',
  '  delref pure-token token=DELREF',
  '  acked pure-token token=ACKED',
]

const ADDITIONS: Readonly<Record<string, Additions>> = {
  hscan: { arguments: ['novalues pure-token token=NOVALUES since=7.4.0 optional'], history: [] },
  set: { arguments: ['  comparison-value string token=IFEQ since=8.1.0'], history: ['8.1.0'] },
  bitop: {
    arguments: [
      '  diff pure-token token=DIFF since=8.2.0',
      '  diff1 pure-token token=DIFF1 since=8.2.0',
      '  andor pure-token token=ANDOR since=8.2.0',
      '  one pure-token token=ONE since=8.2.0',
    ],
    history: ['8.2.0'],
  },
  xadd: { arguments: REFERENCES_OF_REDIS_8, history: ['8.2.0'] },
  xtrim: { arguments: REFERENCES_OF_REDIS_8.map(line => `  ${line}`), history: ['8.2.0'] },
  xreadgroup: { arguments: ['min-idle-time integer token=CLAIM since=8.4.0 optional'], history: ['8.4.0'] },
  'client|kill': {
    arguments: ['maxage integer token=MAXAGE since=7.4.0 optional', ...FILTERS_OF_VALKEY_9].map(line => `    ${line}`),
    history: ['7.4.0', '8.0.0', '8.1.0', '9.0.0'],
  },
  'client|list': {
    arguments: [
      'username string token=USER since=8.1.0 optional',
      'addr string display=ip:port token=ADDR since=8.1.0 optional',
      'laddr string display=ip:port token=LADDR since=8.1.0 optional',
      'skipme oneof token=SKIPME since=8.1.0 optional',
      '  yes pure-token token=YES',
      '  no pure-token token=NO',
      'maxage integer token=MAXAGE since=8.1.0 optional',
      ...FILTERS_OF_VALKEY_9,
    ],
    history: ['8.0.0', '8.1.0', '9.0.0'],
  },
}

/** The facts of a command without what came after Redis 7.2, all of which has to be there. */
export function asOf72(name: string, facts: CommandFacts): CommandFacts {
  const additions = ADDITIONS[name]
  if (additions === undefined) return facts
  return {
    ...facts,
    arguments: without(facts.arguments, additions.arguments, name),
    history: without(facts.history.split(' '), additions.history, name).join(' '),
  }
}

/** Arguments are taken away where they stand: each once, the last of several that are alike. */
function without(all: readonly string[], added: readonly string[], name: string): string[] {
  const left = [...all]
  for (const one of added) {
    const index = left.lastIndexOf(one)
    if (index < 0) throw new Error(`${name} does not have "${one}"`)
    left.splice(index, 1)
  }
  return left
}

/** What COMMAND says of a command that Redis 7.2 does not have. Flags, categories and tips are sorted. */
export interface LaterFacts {
  readonly since: string
  readonly arity: number
  readonly flags: readonly string[]
  readonly range: string
  readonly categories: readonly string[]
  readonly tips: readonly string[]
  readonly keys: readonly string[]
}

interface Recorded {
  readonly since?: string
  readonly arity: number
  readonly flags: string[]
  readonly first: number
  readonly last: number
  readonly step: number
  readonly categories: string[]
  readonly tips: string[]
  readonly keySpecs: Nested[][]
  readonly subcommands?: Record<string, Recorded>
}
type Nested = string | number | Nested[]

const recorded: Readonly<Record<string, Readonly<Record<string, Recorded>>>> = JSON.parse(
  readFileSync('test/fixtures/commands-beyond-7.2.json', 'utf8'),
)

/** What no server told that was recorded: as the command files in the source of Redis 8.2 have it (src/commands). */
const FROM_SOURCE: Readonly<Record<string, LaterFacts>> = {
  xdelex: {
    since: '8.2.0',
    arity: -5,
    flags: ['fast', 'write'],
    range: '1 1 1',
    categories: ['@fast', '@stream', '@write'],
    tips: [],
    keys: ['index 1 range 0 1 0 RW delete'],
  },
  xackdel: {
    since: '8.2.0',
    arity: -6,
    flags: ['fast', 'write'],
    range: '1 1 1',
    categories: ['@fast', '@stream', '@write'],
    tips: [],
    keys: ['index 1 range 0 1 0 RW update delete'],
  },
}

/** What Redis 8 and Valkey 9 say of a command; `since` where they told. */
export function recordedFacts(name: string): (Omit<LaterFacts, 'since'> & { since: string | undefined })[] {
  if (name in FROM_SOURCE) return [FROM_SOURCE[name]]
  return Object.values(recorded).flatMap(commands => {
    const told = commands[name] ?? commands[name.split('|')[0]]?.subcommands?.[name]
    if (told === undefined) return []
    const { since, arity, flags, first, last, step, categories, tips, keySpecs } = told
    return [
      {
        since,
        arity,
        flags: flags.toSorted(),
        range: `${first} ${last} ${step}`,
        categories: categories.toSorted(),
        tips: tips.toSorted(),
        keys: keySpecs.map(keySpec),
      },
    ]
  })
}

function keySpec(spec: readonly Nested[]): string {
  const part = (name: string, of: readonly Nested[] = spec): Nested[] => {
    const value = of[of.indexOf(name) + 1]
    return Array.isArray(value) ? value : [value]
  }
  const place = (name: string): string => {
    const [, , , numbers] = part(name)
    return [part(name)[1], ...(numbers as Nested[]).filter((_, i) => i % 2 === 1)].join(' ')
  }
  const notes = spec.includes('notes') ? ['notes'] : []
  return [place('begin_search'), place('find_keys'), ...part('flags'), ...notes].join(' ')
}

/** Our own facts in the form of what was recorded. */
export function laterFacts(facts: CommandFacts): LaterFacts {
  const sorted = (words: string): string[] => (words === '' ? [] : words.split(' ').toSorted())
  const { since, arity, range, keys } = facts
  return {
    since,
    arity,
    flags: sorted(facts.flags),
    range,
    categories: sorted(facts.categories),
    tips: sorted(facts.tips),
    keys,
  }
}
