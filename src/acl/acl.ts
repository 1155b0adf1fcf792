/** The users of a server: who there is, who may log in, and where they are written down. Source of behaviour: Redis's acl.c. */
import { readFileSync } from 'node:fs'
import type { Config, UserStatement } from '../config/config.js'
import { replaceFile } from '../config/replace-file.js'
import { strerror } from '../config/strerror.js'
import type { Log } from '../observe/log.js'
import type { CommandCatalog } from './catalog.js'
import { configLine, describeUser } from './describe.js'
import { readUsers } from './file.js'
import { AclLog } from './log.js'
import type { RuleSetting } from './selector-rules.js'
import { DEFAULT_USER, type User } from './user.js'
import { applyUserRule, mergeSelectors, newDefaultUser, newUser } from './user-rules.js'
import { hasBlanks } from './words.js'

const DUPLICATE_USER = 'Duplicate user found. A user can only be defined once in config files'
const TWO_PLACES =
  'Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This setup is very likely to lead to configuration errors and security holes, please define either an ACL file or declare users directly in your redis.conf, but not both.'

/** Names, passwords and rules are byte strings (one character a byte). */
export class Acl implements RuleSetting {
  readonly catalog: CommandCatalog
  /** Always the same object, whatever its rules: connections begin with it. */
  readonly defaultUser: User
  /** Of connections that belong to the server itself: everything is allowed, and no rule changes that. */
  readonly owner: User
  readonly log = new AclLog()
  private readonly config: Config
  private readonly serverLog: Log
  private users = new Map<string, User>()
  readonly deprecated = (rule: string): void => {
    this.serverLog.warning(
      `Deprecation warning: Allowing a first arg of an otherwise blocked command is a misuse of ACL and may get disabled in the future (offender: ${rule})`,
    )
  }

  /** Throws ConfigFileError for a `user` statement of the configuration that makes no user. */
  constructor(catalog: CommandCatalog, config: Config, log: Log) {
    this.catalog = catalog
    this.config = config
    this.serverLog = log
    this.defaultUser = newDefaultUser(DEFAULT_USER, this)
    this.owner = newDefaultUser(DEFAULT_USER, this)
    this.users.set(DEFAULT_USER, this.defaultUser)
    this.setDefaultPassword(config.values.requirepass)
    const declared = new Set<string>()
    for (const statement of config.users) {
      const { name } = statement
      const duplicate = `Error in user declaration '${name}': ${DUPLICATE_USER}`
      const problem = declared.has(name) ? duplicate : this.declare(statement)
      if (problem !== null) throw statement.refusal(problem)
      declared.add(name)
    }
    config.userLines = {
      all: () => new Map(config.values.aclfile === '' ? this.list().map(user => [user.name, configLine(user)]) : []),
      of: statement => {
        const user = this.userOf(statement, { catalog, allChannels: this.allChannels, deprecated: () => {} })
        return typeof user === 'string' ? null : configLine(user)
      },
    }
  }

  get allChannels(): boolean {
    return this.config.values['acl-pubsub-default'] === 'allchannels'
  }

  get(name: string): User | undefined {
    return this.users.get(name)
  }

  /** All users in the order of their names. */
  list(): User[] {
    return [...this.users.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** The user of this name, if it exists, is on, and has this password. */
  authenticate(name: string, password: Uint8Array): User | null {
    const user = this.users.get(name)
    return user?.accepts(password) ? user : null
  }

  /** `requirepass`: the default user's only password; '' is none at all. */
  setDefaultPassword(password: string): void {
    applyUserRule(this.defaultUser, 'resetpass', this)
    applyUserRule(this.defaultUser, password === '' ? 'nopass' : `>${password}`, this)
  }

  /** Creates or changes a user, by all the rules or by none. Returns what is wrong with them, or null. */
  set(name: string, rules: readonly string[]): string | null {
    if (hasBlanks(name)) return "Usernames can't contain spaces or null characters"
    const known = this.users.get(name)
    const changed = newUser(name, this)
    if (known !== undefined) changed.copyFrom(known)
    const problem = this.apply(changed, rules, 'ACL SETUSER modifier')
    if (problem !== null) return problem
    // Connections hold on to the object.
    if (known === undefined) this.users.set(name, changed)
    else known.copyFrom(changed)
    return null
  }

  /** Removes a user (not the default one) and returns it. */
  delete(name: string): User | null {
    const user = this.users.get(name)
    if (user === undefined || user === this.defaultUser) return null
    this.users.delete(name)
    return user
  }

  /** A `user` statement of the configuration: what is wrong with it, or null. */
  private declare(statement: UserStatement): string | null {
    const { name } = statement
    const user = this.userOf(statement, this)
    if (typeof user === 'string') return user
    if (name === DEFAULT_USER) this.defaultUser.copyFrom(user)
    else this.users.set(name, user)
    if (!user.enabled) {
      this.serverLog.notice(
        `The user '${name}' is disabled (there is no 'on' modifier in the user description). Make sure this is not a configuration error.`,
      )
    }
    return null
  }

  /** The user that a statement makes, or what is wrong with it. */
  private userOf({ name, rules }: UserStatement, setting: RuleSetting): User | string {
    if (hasBlanks(name)) return 'Spaces not allowed in ACL usernames'
    const user = newUser(name, setting)
    return this.apply(user, rules, 'user declaration', setting) ?? user
  }

  /** Applies rules, as far as they are right; returns what is wrong with the first that is not, and where it stands. */
  private apply(user: User, rules: readonly string[], where: string, setting: RuleSetting = this): string | null {
    const merged = mergeSelectors(rules)
    if ('unmatched' in merged) return `Unmatched parenthesis in acl selector starting at '${merged.unmatched}'.`
    for (const rule of merged) {
      const problem = applyUserRule(user, rule, setting)
      if (problem !== null) return `Error in ${where} '${rule}': ${problem}`
    }
    return null
  }

  /** At the start: reads `aclfile`, if there is one. Throws with everything that is wrong with it. */
  loadAtStart(): void {
    const { config } = this
    if (config.values.aclfile === '') return
    if (config.users.length > 0) throw new Error(TWO_PLACES)
    const loaded = this.load()
    if (typeof loaded === 'string') throw new Error(`Aborting Redis startup because of ACL errors: ${loaded}`)
  }

  /**
   * ACL LOAD: replaces all users by those of `aclfile` and returns those that are gone, the default user not among them. When
   * anything is wrong in the file nothing changes, and a text says what.
   */
  load(): User[] | string {
    const { aclfile } = this.config.values
    let content: string
    try {
      content = readFileSync(this.config.path(aclfile), 'latin1')
    } catch (error) {
      return `Error loading ACLs, opening file '${aclfile}': ${strerror(error)}`
    }
    const read = readUsers(content, aclfile, this)
    if ('errors' in read) {
      const unchanged = 'WARNING: ACL errors detected, no change to the previously active ACL rules was performed'
      return [...read.errors, unchanged].join(' ')
    }
    const { users } = read
    const gone = this.list().filter(user => user !== this.defaultUser)
    this.defaultUser.copyFrom(users.get(DEFAULT_USER) ?? newDefaultUser(DEFAULT_USER, this))
    users.set(DEFAULT_USER, this.defaultUser)
    this.users = users
    return gone
  }

  /** ACL SAVE: writes all users into `aclfile`, which has the old users or the new ones whatever happens. False: see the log. */
  save(): boolean {
    const lines = this.list().map(user => `user ${user.name} ${describeUser(user)}\n`)
    try {
      replaceFile(this.config.path(this.config.values.aclfile), lines.join(''), this.config.disk)
      return true
    } catch (error) {
      this.serverLog.warning(`Writing ACL file for ACL SAVE: ${strerror(error)}`)
      return false
    }
  }
}
