/**
 * The engine of scripts: a VM that comes with the first script and goes when it has grown large or failed, the scripts that are
 * known, and the one that runs. Nothing here knows of clients or commands: that is the host's (script-host.ts).
 */
import { performance } from '../clock/platform.js'
import type { ReplyWriter } from '../resp/reply-writer.js'
import type { Exchange } from './libraries.js'
import { openLibraries } from './open-libraries.js'
import { pushError, raiseError } from './redis-api/push-error.js'
import { RedisApi } from './redis-api/redis-api.js'
import { registerFunction } from './redis-api/register-function.js'
import { ReplyMaker } from './redis-api/write-reply.js'
import { Chain, type Outcome } from './run/chain.js'
import { errorOf, placeOf, type ScriptError } from './run/error-info.js'
import { pushScript, type ScriptArguments } from './run/script-arguments.js'
import { Random } from './sandbox/random.js'
import { Sandbox } from './sandbox/sandbox.js'
import type { LibraryLoading, ScriptHost } from './script-host.js'
import type { ScriptRun } from './script-run.js'
import { LuaPanic } from './vm/imports.js'
import { LUA_GCCOUNT } from './vm/lua-api.js'
import { LuaVm } from './vm/lua-vm.js'

/** A VM of more than this is given up after the script: WebAssembly's memory does not shrink. */
const DROP_FROM_BYTES = 64 * 1024 * 1024
/** How long a script that cannot be put aside where it is may hold everybody up before it is ended. */
const UNPAUSED_MS = 700

const KILLED = 'Script killed by user with SCRIPT KILL...'

/** A VM with all that lives in it. */
interface Machine {
  readonly vm: LuaVm
  readonly chain: Chain
  readonly exchange: Exchange
  readonly sandbox: Sandbox
  readonly replies: ReplyMaker
}

export class ScriptEngine {
  /** The script that runs, or is put aside. */
  running: ScriptRun | null = null
  /** Counts the machines: what a machine keeps is known by its number. */
  generation = 0
  private readonly host: ScriptHost
  private machine: Machine | null = null
  private readonly random = new Random()
  private thread = 0
  private outcome: Outcome = 'done'
  private failure: ScriptError | null = null
  /** Until when the script may run before it is put aside again, and when others were served last: performance.now(). */
  private pauseFromMs = 0
  private servedMs = 0
  /** The machine that the script runs in, by its number. */
  private runsIn = 0
  /** While a library is loaded: what takes its functions, and when to give it up. */
  private loading: LibraryLoading | null = null
  private loadDeadlineMs = Number.POSITIVE_INFINITY

  constructor(host: ScriptHost) {
    this.host = host
  }

  /** Memory of the VM, bytes: all of it, and what Lua has in use. */
  get memoryBytes(): number {
    return this.machine?.vm.memoryBytes ?? 0
  }
  get usedBytes(): number {
    if (this.machine === null) return 0
    const { vm } = this.machine
    return vm.api.lua_gc(vm.state, LUA_GCCOUNT, 0) * 1024
  }

  /** Gives the VM up: all that scripts left in it goes. */
  reset(): void {
    this.machine = null
    this.generation++
  }

  private get ready(): Machine {
    if (this.machine !== null) return this.machine
    const vm = new LuaVm(this.host.memoryLimitBytes)
    const chain = new Chain(
      vm,
      (thread, mayPause) => this.tick(thread, mayPause),
      () => this.isDue(performance.now()),
    )
    const exchange = openLibraries(vm, chain.librariesHost)
    const redis = new RedisApi(vm, exchange, this.host, () => this.current)
    const loadingTable = { register_function: registerFunction(vm, () => this.loading), ...redis.loadingTable() }
    const sandbox = new Sandbox(vm, chain, this.random, redis.table(), loadingTable)
    exchange.open_arguments(vm.state)
    this.machine = { vm, chain, exchange, sandbox, replies: new ReplyMaker(vm, exchange) }
    return this.machine
  }

  private get current(): ScriptRun {
    if (this.running === null) throw new Error('no script runs')
    return this.running
  }

  /** Compiles a script. Returns where the VM of the present `generation` keeps it, or what the compiler says. */
  compile(source: Buffer, name: string): number | string {
    try {
      const { vm } = this.ready
      if (vm.load(vm.state, source, name)) return vm.keep(vm.state)
      const text = vm.stringOf(vm.state, -1) ?? ''
      vm.api.lua_settop(vm.state, -2)
      return text
    } catch (error) {
      if (!(error instanceof LuaPanic)) throw error
      this.reset()
      return 'not enough memory'
    }
  }

  /**
   * Runs a library's code, which registers functions with `loading`: the VM of the present `generation` keeps them. Returns what is
   * wrong with it, or null. `timeoutMs`: how long it may take; 0: as long as it likes.
   */
  loadLibrary(code: Buffer, timeoutMs: number, loading: LibraryLoading): string | null {
    this.loading = loading
    this.loadDeadlineMs = timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs
    try {
      return this.register(code)
    } catch (error) {
      if (!(error instanceof LuaPanic)) throw error
      this.reset()
      return 'Error registering functions: ERR not enough memory'
    } finally {
      this.loading = null
    }
  }

  private register(code: Buffer): string | null {
    const { sandbox, vm } = this.ready
    const { api, state } = vm
    vm.limitBytes = this.host.memoryLimitBytes
    // A thread of its own, beside the chain: a script may have been put aside.
    const thread = api.lua_newthread(state)
    const reference = vm.keep(state)
    vm.setGlobalsOf(thread, sandbox.functionGlobals)
    let problem: string | null = null
    if (!vm.load(thread, code, '@user_function')) {
      problem = `Error compiling function: ${vm.stringOf(thread, -1) ?? ''}`
    } else {
      sandbox.setLoading(true)
      const failed = api.lua_resume(thread, 0) !== 0
      sandbox.setLoading(false)
      if (failed) problem = `Error registering functions: ${errorOf(vm, thread).text}`
    }
    vm.forget(reference)
    return problem
  }

  forget(reference: number): void {
    this.machine?.vm.forget(reference)
  }

  /** Begins a run of what compile() has kept. A script gets its keys and arguments as KEYS and ARGV, a function as two arguments. */
  start(run: ScriptRun, reference: number, args: ScriptArguments): Outcome {
    this.running = run
    this.failure = null
    this.servedMs = run.startedMs
    this.pauseFromMs = 0
    try {
      const { chain, exchange, sandbox, vm } = this.ready
      this.runsIn = this.generation
      vm.limitBytes = this.host.memoryLimitBytes
      this.thread = chain.begin(run.isEval ? sandbox.scriptGlobals : sandbox.functionGlobals)
      pushScript(vm, exchange, this.thread, reference, run.isEval, args)
      return this.finish(chain.run(run.isEval ? 0 : 2))
    } catch (error) {
      return this.panicked(error)
    }
  }

  /** Goes on with a script that was put aside, for at most until `pauseFromMs` (performance.now()). */
  resume(pauseFromMs: number): Outcome {
    this.pauseFromMs = pauseFromMs
    this.servedMs = performance.now()
    // A master's copy with libraries that took all memory has come meanwhile.
    if (this.runsIn !== this.generation) return this.outOfMemory()
    const { chain, vm } = this.ready
    if (this.current.killed) {
      const place = chain.threads.map(thread => placeOf(vm, thread)).find(({ source }) => source !== null)
      this.failure = { text: `ERR ${KILLED}`, counted: false, source: place?.source ?? null, line: place?.line ?? 0 }
      this.outcome = 'failed'
      return this.outcome
    }
    try {
      return this.finish(chain.goOn())
    } catch (error) {
      return this.panicked(error)
    }
  }

  private finish(outcome: Outcome): Outcome {
    this.outcome = outcome
    const { chain, vm } = this.ready
    if (outcome === 'failed') this.failure = errorOf(vm, chain.failedThread)
    return outcome
  }

  /** The VM is at its end for want of memory: it goes. Throws what is anything else. */
  private panicked(error: unknown): Outcome {
    if (!(error instanceof LuaPanic)) throw error
    this.reset()
    return this.outOfMemory()
  }

  private outOfMemory(): Outcome {
    this.failure = { text: 'ERR not enough memory', source: null, line: 0, counted: false }
    this.outcome = 'failed'
    return this.outcome
  }

  /** Writes the reply of a script that has ended. Returns whether it is an error that has been counted already. */
  reply(out: ReplyWriter): boolean {
    const { failure } = this
    const run = this.current
    if (failure !== null) {
      const place = failure.source === null ? '' : ` script: ${run.name}, on ${failure.source}:${failure.line}.`
      out.error(failure.text + place)
      return failure.counted
    }
    const mark = out.mark()
    try {
      const { replies, vm } = this.ready
      if (vm.argumentCount(this.thread) === 0) {
        out.null()
        return false
      }
      vm.cutTo(this.thread, 1)
      replies.scriptResp = run.resp
      return replies.write(this.thread, out)
    } catch (error) {
      this.panicked(error)
      // Half a reply is none.
      out.cut(mark)
      out.error('ERR not enough memory')
      return false
    }
  }

  /** The run is over, and its reply written. */
  end(): void {
    this.running = null
    const { machine } = this
    if (machine === null) return
    const { chain, vm } = machine
    if (vm.memoryBytes > DROP_FROM_BYTES) {
      this.reset()
      return
    }
    try {
      chain.end(this.outcome)
      vm.trimScratch()
    } catch (error) {
      this.panicked(error)
    }
  }

  /** Asked every millisecond or so while Lua runs: whether to put it aside. */
  private tick(thread: number, mayPause: boolean): boolean {
    const run = this.running
    const now = performance.now()
    if (this.loading !== null) {
      // There is no pcall that would hold it: a library that is being loaded has none of Lua's functions.
      if (now > this.loadDeadlineMs) raiseError(this.ready.vm, thread, 'FUNCTION LOAD timeout')
      return false
    }
    if (run === null) return false
    if (run.killed) this.raiseAlways(thread, KILLED)
    const due = this.isDue(now)
    if (mayPause || !due) return due
    const { busyAfterMs } = this.host
    if (now - Math.max(this.servedMs, run.startedMs + busyAfterMs) > UNPAUSED_MS) {
      run.killed = true
      this.raiseAlways(
        thread,
        'Script ended: it ran for too long in a metamethod or a callback, where it can not be interrupted',
      )
    }
    return false
  }

  /** Whether the script that runs has had its time, for good or for now. */
  private isDue(now: number): boolean {
    const run = this.running
    if (run === null || run.isObeyed) return false
    if (run.killed) return true
    const { busyAfterMs } = this.host
    if (busyAfterMs === 0 || now - run.startedMs < busyAfterMs) return false
    return now >= this.pauseFromMs
  }

  /** Raises an error that no pcall of the script's own holds. */
  private raiseAlways(thread: number, text: string): never {
    const { chain, vm } = this.ready
    chain.endWithError(thread)
    pushError(vm, thread, text)
    vm.api.lua_error(thread)
    throw new Error('lua_error returned')
  }
}
