/** The scripts of a server: runs one for a client, and lets others be served while one takes too long. */
import { performance } from '../../clock/platform.js'
import { NOTHING_SECRET } from '../../observe/redaction.js'
import type { Request } from '../../resp/request.js'
import { ScriptEngine } from '../../scripting/engine.js'
import { FunctionLibraries } from '../../scripting/functions/libraries.js'
import type { Outcome } from '../../scripting/run/chain.js'
import type { ScriptArguments } from '../../scripting/run/script-arguments.js'
import { ScriptCache } from '../../scripting/script-cache.js'
import type { ScriptHost } from '../../scripting/script-host.js'
import { ALLOW_OOM, ALLOW_STALE, NO_WRITES, type ScriptRun, UNDECLARED } from '../../scripting/script-run.js'
import { readShebang } from '../../scripting/shebang.js'
import { PAUSE_NOTHING } from '../blocking/pause.js'
import { PostponedClients } from '../blocking/postponed-clients.js'
import type { Client } from '../client.js'
import type { Command } from '../command.js'
import type { CommandContext } from '../context.js'
import type { ServerApi } from '../server-api.js'
import { DENYOOM, MAY_REPLICATE, STALE, WRITE } from '../spec.js'
import type { ScriptCaller } from './script-caller.js'

/** How long a script that takes too long runs before others are served again. */
const SLICE_MS = 5

/** A script that was put aside, the client that runs it, and the time that it lives in. */
interface PausedScript {
  readonly client: Client
  readonly request: Request
  readonly nowMs: number
}

export class Scripts implements ScriptHost {
  /** Scripts may call what is not for them (DEBUG SET-DISABLE-DENY-SCRIPTS). */
  mayCallAll = false
  readonly engine: ScriptEngine
  readonly cache: ScriptCache
  /** The libraries in service: always this object. */
  readonly functions: FunctionLibraries
  readonly call: ScriptHost['call']
  readonly permits: ScriptHost['permits']
  private readonly server: ServerApi
  private readonly caller: ScriptCaller
  private frozenMicroseconds = 0
  private paused: PausedScript | null = null
  private readonly waiting = new PostponedClients()

  constructor(server: ServerApi, caller: ScriptCaller) {
    this.server = server
    this.caller = caller
    this.call = (run, request, reply) => caller.call(run, request, reply)
    this.permits = request => caller.permits(request)
    this.engine = new ScriptEngine(this)
    this.cache = new ScriptCache(this.engine)
    this.functions = new FunctionLibraries(this.engine)
  }

  get busyAfterMs(): number {
    return this.server.config.values['busy-reply-threshold']
  }

  get memoryLimitBytes(): number {
    return this.server.config.values['lua-memory-limit']
  }

  /** Memory of the scripts and libraries that are known; what the VM makes of them is not in it. O(1). */
  get textBytes(): number {
    return this.cache.memoryBytes + this.functions.memoryBytes
  }

  /** Unix time for the script that runs: it stands still from the first look at it. */
  get microseconds(): number {
    if (this.frozenMicroseconds === 0) this.frozenMicroseconds = this.server.keyspace.time.microseconds()
    return this.frozenMicroseconds
  }

  log(level: number, text: string): void {
    this.server.log.script(level, text)
  }

  /** Runs a script, or a function, for the client of the context, and replies. */
  run(ctx: CommandContext, run: ScriptRun, reference: number, args: ScriptArguments): void {
    const { caller, engine } = this
    const { client } = ctx
    this.frozenMicroseconds = 0
    run.startedMs = caller.enter(ctx, client)
    let outcome: Outcome
    try {
      outcome = engine.start(run, reference, args)
    } finally {
      caller.leave(ctx)
    }
    if (outcome === 'paused') this.pause(client, run, ctx.args)
    else this.finish(ctx)
  }

  /** The script that a client runs takes too long: from here on others are served between slices of it. */
  private pause(client: Client, run: ScriptRun, request: Request): void {
    const { keyspace, log } = this.server
    const elapsedMs = Math.floor(performance.now() - run.startedMs)
    const way = run.isEval ? 'SCRIPT KILL' : 'FUNCTION KILL'
    log.warning(
      `Slow script detected: still in execution after ${elapsedMs} milliseconds. You can try killing the script using the ${way} command. Script name is: ${run.name}.`,
    )
    run.timedOut = true
    this.paused = { client, request: request.clone(), nowMs: keyspace.nowMs }
    // Nobody ends the wait but the script: it goes on even when its client is gone.
    client.blocked = { kind: 'script', cancel: () => {}, timeOut: null }
    this.server.scriptPaused()
    this.server.afterTurn(() => this.slice())
  }

  private slice(): void {
    const { caller, engine, paused, server } = this
    if (paused === null) return
    const { client } = paused
    // Time stands still for a script.
    const { keyspace } = server
    keyspace.nowMs = paused.nowMs
    keyspace.writesPaused = server.pause.level !== PAUSE_NOTHING
    const ctx = caller.resume(client)
    caller.enter(ctx, client)
    let outcome: Outcome
    try {
      outcome = engine.resume(performance.now() + SLICE_MS)
    } finally {
      caller.leave(ctx)
    }
    keyspace.writesPaused = true
    if (outcome === 'paused') {
      caller.suspend()
      server.afterTurn(() => this.slice())
      return
    }
    this.paused = null
    client.blocked = null
    this.finish(ctx)
    server.scriptPaused()
    // A transaction may go on with another script that takes too long.
    if (caller.complete()) this.goOn(client)
  }

  /** The client has its reply; so do those go on that had to wait for the script. */
  private goOn(client: Client): void {
    const { server } = this
    server.answer(client)
    client.transport.resume()
    this.waiting.release()
    server.serveWaiting()
  }

  /** Puts a request of the master's off until the script has ended. */
  holdUp(client: Client, request: Request): void {
    client.transport.postpone(request)
    this.waiting.add(client)
  }

  /** What runs the script that has been put aside, or null. */
  get request(): Request | null {
    return this.paused?.request ?? null
  }

  /** Some script has run for too long: others get -BUSY. */
  get busy(): boolean {
    return this.engine.running?.timedOut === true
  }

  /** SCRIPT KILL or FUNCTION KILL: asks the script that runs to end. Returns why it may not be, or null. */
  kill(isEval: boolean): string | null {
    const { running } = this.engine
    if (running === null) return 'NOTBUSY No scripts in execution right now.'
    if (running.isObeyed) {
      return 'UNKILLABLE The busy script was sent by a master instance in the context of replication and cannot be killed.'
    }
    if (running.hasWritten) {
      return 'UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.'
    }
    if (running.isEval !== isEval) return this.busyText
    running.killed = true
    return null
  }

  /** What others are told meanwhile. */
  get busyText(): string {
    const way = this.engine.running?.isEval === false ? 'FUNCTION KILL' : 'SCRIPT KILL'
    return `BUSY Redis is busy running a script. You can only call ${way} or SHUTDOWN NOSAVE.`
  }

  /** Shows MONITOR a request that runs a script, ahead of the commands that the script calls. */
  showRequest({ args, client, db, server }: CommandContext): void {
    const { monitors } = server
    if (monitors.count > 0) monitors.feed(db.index, client.origin, args, NOTHING_SECRET)
  }

  private finish(ctx: CommandContext): void {
    const { engine } = this
    ctx.errorCounted = engine.reply(ctx.reply)
    engine.end()
  }

  /** The flags that hold for a request that runs a script: those of its command, or what the script has declared. */
  flagsOf({ flags, fullName }: Command, args: Request): number {
    if (args.argc < 2) return flags
    if (fullName.startsWith('fcall')) {
      const called = this.functions.find(args.lower(1))
      return called === undefined ? flags : declaredFlags(flags, called.flags)
    }
    const bySha = fullName.startsWith('evalsha')
    const script = bySha ? this.cache.findByArgument(args, 1) : this.cache.findByBody(args.view(1))
    let declared = script?.flags
    if (declared === undefined) {
      if (bySha) return flags
      const shebang = readShebang(args.view(1))
      if (typeof shebang === 'string') return flags
      declared = shebang.flags
    }
    return declared === UNDECLARED ? flags : declaredFlags(flags, declared)
  }
}

/** A command's flags where the script that it runs has declared its own (scriptFlagsToCmdFlags in Redis's script.c). */
export function declaredFlags(flags: number, declared: number): number {
  let result = flags & ~(STALE | DENYOOM | WRITE | MAY_REPLICATE)
  if ((declared & (ALLOW_OOM | NO_WRITES)) === 0) result |= DENYOOM
  if ((declared & NO_WRITES) === 0) result |= WRITE
  if ((declared & ALLOW_STALE) !== 0) result |= STALE
  return result
}
