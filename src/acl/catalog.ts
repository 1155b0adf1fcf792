/** The commands of the server, as far as access rules need to know them. */

export interface AclCommand {
  /** Its number among commands and subcommands. */
  readonly id: number
  /** "get"; "config|get" for a subcommand. */
  readonly fullName: string
  readonly subcommands: ReadonlyMap<string, AclCommand> | null
}

export interface CommandCatalog {
  /** Number of commands and subcommands: ids are below it. */
  readonly size: number
  /** The command or subcommand ("config|get") of exactly this name, in any case, or null. */
  find(name: string): AclCommand | null
  /** Commands and subcommands of a category ("read", in any case), or null when there is no such category. */
  category(name: string): readonly AclCommand[] | null
}
