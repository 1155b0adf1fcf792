/**
 * Runs Lua so that it can be put aside at any time and resumed: pcall, xpcall and coroutines do not nest calls of the VM. They are
 * a chain of Lua threads, of which the host resumes the innermost one; each asks for what it wants by yielding. Where Lua allows no
 * yield (below a metamethod, a sort's comparator, a gsub's callback, pcall(pcall, f)), they nest as in stock Lua, and nothing can be
 * put aside.
 */
import type { LibrariesHost } from '../libraries.js'
import { DEBUG_BYTES, STATE_C_CALLS } from '../vm/layout.js'
import {
  LUA_ERRMEM,
  LUA_MASKCOUNT,
  LUA_MASKLINE,
  LUA_TFUNCTION,
  LUA_TNUMBER,
  LUA_TSTRING,
  LUA_TTABLE,
  LUA_TTHREAD,
  LUA_YIELD,
  type LuaApi,
} from '../vm/lua-api.js'
import type { LuaVm } from '../vm/lua-vm.js'
import type { HostFunction } from '../vm/thunks.js'

/** Instructions between two calls of the hook: less than a millisecond. */
const HOOK_EVERY = 100_000
/** isDue() is asked every 256 resumptions. */
const DUE_MASK = 255
/** Lua's own limit of nested C calls (LUAI_MAXCCALLS), and how far a handler of errors gets that has errors itself. */
const MOST_FRAMES = 200
const MOST_HANDLERS = 221
/** Threads kept for the next pcall. */
const SPARE_THREADS = 16

type FrameKind = 'script' | 'pcall' | 'xpcall' | 'handler' | 'coroutine'

/** A thread of the chain; each has been resumed for the one before it. */
interface Frame {
  kind: FrameKind
  readonly thread: number
  /** Where the registry keeps the thread; 0: something else does. */
  readonly reference: number
  /** Of a handler: how often it has been called for errors of its own. */
  again: number
}

/** What the innermost thread wants as it yields. */
type Wish = 'none' | 'pause' | 'continue' | 'pcall' | 'xpcall' | 'resume' | 'yield'

/** How a run, or a part of one, ended: with its results in the thread, with an error at its top, or put aside. */
export type Outcome = 'done' | 'failed' | 'paused'

/** Asked every HOOK_EVERY instructions. May throw, by raising a Lua error. Returns whether the run is to be put aside. */
export type OnTick = (thread: number, mayPause: boolean) => boolean

export class Chain {
  private readonly vm: LuaVm
  private readonly api: LuaApi
  private readonly onTick: OnTick
  private readonly isDue: () => boolean
  private readonly frames: Frame[] = []
  private readonly spare: Frame[] = []
  private wish: Wish = 'none'
  /** Calls of the VM by stock functions, where the chain cannot go. */
  private nested = 0
  private globals = 0
  private ending = false
  /** Values that the innermost thread is to be resumed with, at the top of its stack. */
  private waiting = 0
  private resumptions = 0
  /** The thread that an error has ended the run in: it is at its top. */
  failedThread = 0
  private readonly hook: number
  private stockXpcall: HostFunction = () => 0
  private stockResume: HostFunction = () => 0
  private stockYield: HostFunction = () => 0
  private stockError: HostFunction = () => 0

  /** `isDue`: whether the run is to be put aside, between two threads. */
  constructor(vm: LuaVm, onTick: OnTick, isDue: () => boolean) {
    this.vm = vm
    this.isDue = isDue
    this.api = vm.api
    this.onTick = onTick
    this.hook = vm.add([], [thread => this.tick(thread)])
    // New threads take it from the one that makes them.
    this.api.lua_sethook(vm.state, this.hook, LUA_MASKCOUNT, HOOK_EVERY)
  }

  /**
   * The thread that a script begins in: what it is to run, and with what, has to be moved to it. `globals`: the table for code that
   * it compiles.
   */
  begin(globals: number): number {
    this.nested = 0
    this.ending = false
    this.globals = globals
    const frame = this.takeThread('script')
    this.frames.push(frame)
    return frame.thread
  }

  /** Runs what begin() got, with `args` arguments. */
  run(args: number): Outcome {
    this.waiting = args
    return this.goOn()
  }

  /** Goes on with what was put aside. */
  goOn(): Outcome {
    const { api, frames } = this
    let count = this.waiting
    this.waiting = 0
    let status = 0
    for (;;) {
      const frame = frames[frames.length - 1]
      // Threads that come and go never get as far as the hook; one that took all memory took its time.
      if (((++this.resumptions & DUE_MASK) === 0 || status === LUA_ERRMEM) && this.isDue()) {
        this.waiting = count
        return 'paused'
      }
      this.wish = 'none'
      status = api.lua_resume(frame.thread, count)
      if (status === LUA_YIELD) {
        const wish = this.wish as Wish
        if (wish === 'pause') return 'paused'
        count = wish === 'continue' ? 0 : this.grant(frame)
        continue
      }
      if (frames.length === 1 || (this.ending && status !== 0)) {
        this.failedThread = frame.thread
        return status === 0 ? 'done' : 'failed'
      }
      frames.pop()
      count = status === 0 ? this.finished(frame) : this.failed(frame)
    }
  }

  /** The threads of the run, the one that was put aside first. */
  get threads(): number[] {
    return this.frames.map(frame => frame.thread).reverse()
  }

  /** The error that is about to be raised in a thread ends the whole run: no pcall holds it, and the hook is called with each line. */
  endWithError(thread: number): void {
    this.ending = true
    this.api.lua_sethook(thread, this.hook, LUA_MASKLINE, 0)
  }

  /** The run is over: its thread serves the next one, if nothing has failed in it. */
  end(outcome: Outcome): void {
    const { frames, vm } = this
    const isClean = outcome === 'done' && frames.length === 1
    for (let frame = frames.pop(); frame !== undefined; frame = frames.pop()) {
      if (isClean) {
        vm.cutTo(frame.thread, 0)
        this.keep(frame)
      } else this.drop(frame)
    }
  }

  // What a thread yields for

  /** Does what the thread of `frame` asks for; returns how many values the then innermost thread is resumed with. */
  private grant(frame: Frame): number {
    const { api, wish } = this
    const { thread } = frame
    const count = api.lua_gettop(thread)
    if (wish === 'yield') {
      this.frames.pop()
      return this.giveBack(thread, count, true)
    }
    if (wish === 'resume') {
      // The coroutine itself stays on the stack of who resumes it, which keeps it alive.
      const coroutine = api.lua_tothread(thread, 1)
      this.frames.push({ kind: 'coroutine', thread: coroutine, reference: 0, again: 0 })
      return this.move(thread, coroutine, count - 1)
    }
    const child = this.takeThread(wish === 'xpcall' ? 'xpcall' : 'pcall')
    this.frames.push(child)
    // A handler waits behind the function.
    if (wish === 'xpcall') {
      api.lua_pushvalue(thread, 1)
      this.move(thread, child.thread, 1)
      return 0
    }
    return this.move(thread, child.thread, count) - 1
  }

  private move(from: number, to: number, count: number): number {
    this.api.lua_checkstack(to, count + 2)
    this.api.lua_xmove(from, to, count)
    return count
  }

  /** Gives `count` values at the top of `thread` to the innermost thread, behind a boolean. */
  private giveBack(thread: number, count: number, good: boolean): number {
    const { api, frames } = this
    const parent = frames[frames.length - 1].thread
    api.lua_checkstack(parent, count + 2)
    api.lua_pushboolean(parent, good ? 1 : 0)
    api.lua_xmove(thread, parent, count)
    return count + 1
  }

  private finished(frame: Frame): number {
    const { api } = this
    // Of what a handler returns Lua takes one value.
    if (frame.kind === 'handler') api.lua_settop(frame.thread, 1)
    const count = api.lua_gettop(frame.thread)
    const given = this.giveBack(frame.thread, count, frame.kind !== 'handler')
    if (frame.kind !== 'coroutine') this.keep(frame)
    return given
  }

  private failed(frame: Frame): number {
    const { api, frames } = this
    // An error of a handler is one for the handler again, as in Lua, where these are calls within calls.
    const again = frame.kind === 'handler' ? frame.again + 1 : 0
    if (frames.length + again > MOST_HANDLERS) {
      this.vm.pushText(frame.thread, 'error in error handling')
    } else if (frame.kind === 'xpcall' || frame.kind === 'handler') {
      const parent = frames[frames.length - 1].thread
      const handler = this.takeThread('handler')
      handler.again = again
      api.lua_pushvalue(parent, 2)
      this.move(parent, handler.thread, 1)
      this.move(frame.thread, handler.thread, 1)
      frames.push(handler)
      this.drop(frame)
      return 1
    }
    const count = frame.kind === 'pcall' ? errorValues(this.vm, frame.thread) : 1
    const given = this.giveBack(frame.thread, count, false)
    this.drop(frame)
    return given
  }

  // Threads

  private takeThread(kind: FrameKind): Frame {
    const { vm } = this
    const frame = this.spare.pop() ?? this.newThread()
    frame.kind = kind
    vm.setGlobalsOf(frame.thread, this.globals)
    return frame
  }

  private newThread(): Frame {
    const { api, vm } = this
    const thread = api.lua_newthread(vm.state)
    return { kind: 'script', thread, reference: vm.keep(vm.state), again: 0 }
  }

  private keep(frame: Frame): void {
    if (this.spare.length < SPARE_THREADS) this.spare.push(frame)
    else this.drop(frame)
  }

  private drop({ reference }: Frame): void {
    if (reference !== 0) this.vm.forget(reference)
  }

  private mayYield(thread: number): boolean {
    const { shorts } = this.vm
    const at = (thread + STATE_C_CALLS) >> 1
    return this.nested === 0 && shorts[at] === shorts[at + 1] && this.frames.length > 0
  }

  /**
   * Whether a function of C may yield. One that a thread has been begun with may not: Lua would go on behind it in a function of
   * Lua that is not there, wherever that leads.
   */
  private mayAsk(thread: number): boolean {
    return this.mayYield(thread) && !this.vm.isOutermost(thread)
  }

  private ask(thread: number, wish: Wish, values: number): number {
    this.wish = wish
    return this.api.lua_yield(thread, values)
  }

  private tick(thread: number): void {
    if (this.onTick(thread, this.mayYield(thread))) this.ask(thread, 'pause', 0)
  }

  /** What the libraries ask while they work (libraries.ts). */
  readonly librariesHost: LibrariesHost = {
    tick: thread => {
      this.onTick(thread, false)
    },
    mayYield: thread => {
      if (!this.mayYield(thread)) return 0
      this.wish = 'continue'
      return 1
    },
  }

  // The functions of Lua

  /** pcall(f, ...). An error that is a table with `err`, as redis.call raises them, becomes that text. */
  readonly pcall = (thread: number): number => {
    const { api, vm } = this
    const count = vm.argumentCount(thread)
    if (count === 0) return api.luaL_argerror(thread, 1, vm.text('value expected'))
    if (this.frames.length >= MOST_FRAMES) return vm.raise(thread, 'C stack overflow')
    if (this.mayAsk(thread)) return this.ask(thread, 'pcall', count)
    api.lua_pushboolean(thread, 1)
    api.lua_insert(thread, 1)
    if (this.nest(() => api.lua_pcall(thread, count - 1, -1, 0)) === 0) return api.lua_gettop(thread)
    if (this.ending) return api.lua_error(thread)
    const values = errorValues(vm, thread)
    api.lua_pushboolean(thread, 0)
    api.lua_insert(thread, -1 - values)
    return 1 + values
  }

  /** Lua's own functions, for where the chain cannot go: by their names. */
  useOriginals(original: (name: string) => HostFunction): void {
    this.stockXpcall = original('xpcall')
    this.stockResume = original('coroutine.resume')
    this.stockYield = original('coroutine.yield')
    this.stockError = original('error')
  }

  /** xpcall(f, handler). */
  readonly xpcall = (thread: number): number => {
    const { api, vm } = this
    if (vm.argumentCount(thread) < 2) return api.luaL_argerror(thread, 2, vm.text('value expected'))
    if (this.frames.length >= MOST_FRAMES) return vm.raise(thread, 'C stack overflow')
    api.lua_settop(thread, 2)
    if (this.mayAsk(thread)) return this.ask(thread, 'xpcall', 2)
    return this.nest(() => this.stockXpcall(thread))
  }

  /** error(value, level): a level counts functions, beyond the pcall that a thread has been begun for too. */
  readonly error = (thread: number): number => {
    const { api, frames, vm } = this
    let level = vm.argumentCount(thread) > 1 ? Math.trunc(api.lua_tonumber(thread, 2)) : 1
    let at = frames.length - 1
    if (level <= 1 || !isText(api, thread, 1) || this.nested > 0 || thread !== frames[at]?.thread)
      return this.stockError(thread)
    for (;;) {
      const { kind, thread: caller } = frames[at]
      const depth = this.depthOf(caller)
      if (level < depth) break
      level -= depth
      if (kind !== 'pcall' && kind !== 'xpcall') return this.stockError(thread)
      at--
    }
    const caller = frames[at].thread
    api.lua_checkstack(caller, 2)
    api.luaL_where(caller, level)
    const where = vm.stringOf(caller, -1) ?? ''
    api.lua_settop(caller, -2)
    api.lua_settop(thread, 1)
    vm.pushText(thread, where + (vm.stringOf(thread, 1) ?? ''))
    return api.lua_error(thread)
  }

  /** How many functions a thread is in. */
  private depthOf(thread: number): number {
    const debug = this.vm.takeScratch(DEBUG_BYTES)
    if (debug === 0) return this.vm.raiseOutOfMemory(thread)
    let depth = 0
    while (this.api.lua_getstack(thread, depth, debug) !== 0) depth++
    return depth
  }

  /** coroutine.resume(co, ...). */
  readonly resume = (thread: number): number => {
    const { api, vm } = this
    const coroutine = this.coroutineArgument(thread)
    const status = this.statusOf(thread, coroutine)
    if (status !== 'suspended') {
      api.lua_pushboolean(thread, 0)
      vm.pushText(thread, `cannot resume ${status === 'dead' ? 'dead' : 'non-suspended'} coroutine`)
      return 2
    }
    if (this.frames.length >= MOST_FRAMES) return vm.raise(thread, 'C stack overflow')
    if (this.mayAsk(thread)) return this.ask(thread, 'resume', vm.argumentCount(thread))
    return this.nest(() => this.stockResume(thread))
  }

  /** coroutine.yield(...). */
  readonly yield = (thread: number): number => {
    const { frames, vm } = this
    const isCoroutine = frames.length > 0 && frames[frames.length - 1].kind === 'coroutine'
    if (this.nested > 0) return this.stockYield(thread)
    if (isCoroutine && this.mayAsk(thread)) return this.ask(thread, 'yield', vm.argumentCount(thread))
    vm.pushText(thread, 'attempt to yield across metamethod/C-call boundary')
    return this.api.lua_error(thread)
  }

  /** coroutine.status(co). */
  readonly status = (thread: number): number => {
    this.vm.pushText(thread, this.statusOf(thread, this.coroutineArgument(thread)))
    return 1
  }

  /** coroutine.running(): nothing outside of coroutines, pcall or not. */
  readonly running = (thread: number): number => {
    const { api } = this
    const coroutine = this.coroutineOf(thread)
    if (coroutine === 0) api.lua_pushnil(thread)
    else {
      api.lua_pushthread(coroutine)
      if (coroutine !== thread) api.lua_xmove(coroutine, thread, 1)
    }
    return 1
  }

  /** The coroutine that the running thread is of, 0 for none: one that nests in a stock call is not in the chain. */
  private coroutineOf(thread: number): number {
    if (this.nested > 0 && !this.frames.some(frame => frame.thread === thread)) return thread
    for (let i = this.frames.length - 1; i >= 0; i--)
      if (this.frames[i].kind === 'coroutine') return this.frames[i].thread
    return 0
  }

  private coroutineArgument(thread: number): number {
    const { api, vm } = this
    if (api.lua_type(thread, 1) !== LUA_TTHREAD) api.luaL_argerror(thread, 1, vm.text('coroutine expected'))
    return api.lua_tothread(thread, 1)
  }

  private statusOf(thread: number, coroutine: number): 'running' | 'normal' | 'suspended' | 'dead' {
    const { api, frames } = this
    if (coroutine === this.coroutineOf(thread)) return 'running'
    if (frames.some(frame => frame.thread === coroutine)) return 'normal'
    const status = api.lua_status(coroutine)
    if (status === LUA_YIELD) return 'suspended'
    // One that has not begun holds its function; one that nests in a stock call is under way.
    if (status !== 0 || api.lua_gettop(coroutine) === 0) return 'dead'
    return api.lua_type(coroutine, 1) === LUA_TFUNCTION ? 'suspended' : 'normal'
  }

  private nest<T>(call: () => T): T {
    this.nested++
    try {
      return call()
    } finally {
      this.nested--
    }
  }
}

/** Whether a value is a string, or a number, which Lua takes for one. */
function isText(api: LuaApi, thread: number, index: number): boolean {
  const type = api.lua_type(thread, index)
  return type === LUA_TSTRING || type === LUA_TNUMBER
}

/**
 * What pcall gives of the error at the top of a thread: one that is a table with a text in `err` becomes that text; any other table
 * is followed by what it has in its place, as in Redis, where that stays on the stack. Returns how many values that are.
 */
function errorValues(vm: LuaVm, thread: number): number {
  const { api } = vm
  if (api.lua_type(thread, -1) !== LUA_TTABLE) return 1
  api.lua_checkstack(thread, 1)
  api.lua_pushlstring(thread, vm.text('err'), 3)
  api.lua_rawget(thread, -2)
  if (!isText(api, thread, -1)) return 2
  api.lua_replace(thread, -2)
  return 1
}
