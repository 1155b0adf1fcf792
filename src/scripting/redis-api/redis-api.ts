/** The table `redis` that scripts find, as Redis 7.2 has it. */
import { createHash } from 'node:crypto'
import { REDIS_VERSION } from '../../config/version.js'
import { Request } from '../../resp/request.js'
import type { Exchange } from '../libraries.js'
import type { HostTable } from '../sandbox/sandbox.js'
import type { CallReply, ScriptHost } from '../script-host.js'
import { REPL_ALL, REPL_AOF, REPL_REPLICA, type ScriptRun } from '../script-run.js'
import { LUA_TNUMBER, LUA_TSTRING } from '../vm/lua-api.js'
import type { LuaVm } from '../vm/lua-vm.js'
import { readArguments } from './arguments.js'
import { pushError, raiseError } from './push-error.js'
import { pushReply } from './push-reply.js'

const NO_ARGUMENTS = 'Please specify at least one argument for this redis lib call'
const BAD_ARGUMENT = 'Lua redis lib command arguments must be strings or integers'
const LOG_LEVELS = { LOG_DEBUG: 0, LOG_VERBOSE: 1, LOG_NOTICE: 2, LOG_WARNING: 3 }
const MINUS = 45
const NO_BYTES = Buffer.alloc(0)

/** 7.2.5 as 0x00070205. */
function versionNumber(version: string): number {
  return version.split('.').reduce((number, part) => number * 256 + Number(part), 0)
}

export class RedisApi {
  private readonly vm: LuaVm
  private readonly host: ScriptHost
  private readonly running: () => ScriptRun
  private readonly exchange: Exchange
  private readonly request = new Request()
  private readonly reply: CallReply = { bytes: NO_BYTES, start: 0, end: 0 }

  /** `running`: the script whose functions these are at the moment. */
  constructor(vm: LuaVm, exchange: Exchange, host: ScriptHost, running: () => ScriptRun) {
    this.vm = vm
    this.host = host
    this.running = running
    this.exchange = exchange
  }

  /** What a library sees while it is loaded, beside redis.register_function. */
  loadingTable(): HostTable {
    return { log: this.log, ...LOG_LEVELS, ...this.versions() }
  }

  table(): HostTable {
    return {
      call: thread => this.call(thread, true),
      pcall: thread => this.call(thread, false),
      log: this.log,
      ...LOG_LEVELS,
      ...this.versions(),
      setresp: this.setResp,
      sha1hex: this.sha1hex,
      error_reply: this.errorReply,
      status_reply: this.statusReply,
      set_repl: this.setRepl,
      REPL_NONE: 0,
      REPL_AOF,
      REPL_SLAVE: REPL_REPLICA,
      REPL_REPLICA,
      REPL_ALL,
      acl_check_cmd: this.aclCheckCmd,
      // Nobody debugs: SCRIPT DEBUG is not there.
      breakpoint: this.breakpoint,
      debug: () => 0,
      replicate_commands: this.replicateCommands,
    }
  }

  private versions(): HostTable {
    return { REDIS_VERSION, REDIS_VERSION_NUM: versionNumber(REDIS_VERSION) }
  }

  /** redis.call and redis.pcall: the reply as a Lua value; an error is raised, or given as a table. */
  private call(thread: number, raises: boolean): number {
    const { host, reply, request, vm } = this
    const { api } = vm
    const problem = this.takeRequest(thread)
    if (problem !== null) {
      pushError(vm, thread, problem)
      return raises ? api.lua_error(thread) : 1
    }
    const refusal = host.call(this.running(), request, reply)
    vm.cutTo(thread, 0)
    if (refusal !== null) {
      pushError(vm, thread, refusal, true)
      return raises ? api.lua_error(thread) : 1
    }
    const isError = reply.bytes[reply.start] === MINUS
    pushReply(vm, this.exchange, thread, reply)
    return isError && raises ? api.lua_error(thread) : 1
  }

  /** Reads the arguments into `request`; returns what is wrong with them. */
  private takeRequest(thread: number): string | null {
    if (this.vm.argumentCount(thread) === 0) return NO_ARGUMENTS
    return readArguments(this.vm, thread, this.request) ? null : BAD_ARGUMENT
  }

  private readonly log = (thread: number): number => {
    const { vm } = this
    const count = vm.argumentCount(thread)
    if (count < 2) return raiseError(vm, thread, 'redis.log() requires two arguments or more.')
    const level = vm.api.lua_tonumber(thread, 1)
    if (!this.isNumber(thread, 1)) return raiseError(vm, thread, 'First argument must be a number (log level).')
    if (!(Math.trunc(level) >= 0 && Math.trunc(level) <= LOG_LEVELS.LOG_WARNING)) {
      return raiseError(vm, thread, 'Invalid debug level.')
    }
    const words: string[] = []
    for (let i = 2; i <= count; i++) {
      const word = vm.stringOf(thread, i)
      if (word !== null) words.push(word)
    }
    this.host.log(Math.trunc(level), words.join(' '))
    return 0
  }

  private isNumber(thread: number, index: number): boolean {
    const type = this.vm.api.lua_type(thread, index)
    return type === LUA_TNUMBER || (type === LUA_TSTRING && this.vm.api.lua_isnumber(thread, index) !== 0)
  }

  private readonly setResp = (thread: number): number => {
    const { vm } = this
    if (vm.argumentCount(thread) !== 1) return raiseError(vm, thread, 'redis.setresp() requires one argument.')
    const resp = Math.trunc(vm.api.lua_tonumber(thread, 1))
    if (resp !== 2 && resp !== 3) return raiseError(vm, thread, 'RESP version must be 2 or 3.')
    this.running().resp = resp
    return 0
  }

  private readonly sha1hex = (thread: number): number => {
    const { vm } = this
    if (vm.argumentCount(thread) !== 1) return raiseError(vm, thread, 'wrong number of arguments')
    const text = vm.stringOf(thread, 1) ?? ''
    vm.pushText(thread, createHash('sha1').update(text, 'latin1').digest('hex'))
    return 1
  }

  private isOneString(thread: number): boolean {
    const { vm } = this
    return vm.argumentCount(thread) === 1 && vm.typeAt(vm.argument(thread, 1)) === LUA_TSTRING
  }

  private readonly errorReply = (thread: number): number => {
    const { vm } = this
    if (!this.isOneString(thread)) {
      pushError(vm, thread, 'wrong number or type of arguments')
      return 1
    }
    const text = vm.topString(thread).split('\0')[0]
    pushError(vm, thread, text.startsWith('-') ? text : `-${text}`)
    return 1
  }

  private readonly statusReply = (thread: number): number => {
    const { vm } = this
    if (!this.isOneString(thread)) {
      pushError(vm, thread, 'wrong number or type of arguments')
      return 1
    }
    vm.api.lua_createtable(thread, 0, 1)
    vm.setField(thread, 'ok', () => vm.api.lua_pushvalue(thread, 1))
    return 1
  }

  private readonly setRepl = (thread: number): number => {
    const { vm } = this
    if (vm.argumentCount(thread) !== 1) return raiseError(vm, thread, 'redis.set_repl() requires one argument.')
    const flags = Math.trunc(vm.api.lua_tonumber(thread, 1))
    if ((flags & ~REPL_ALL) !== 0) {
      return raiseError(vm, thread, 'Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.')
    }
    this.running().replicates = flags
    return 0
  }

  private readonly aclCheckCmd = (thread: number): number => {
    const { vm } = this
    const problem = this.takeRequest(thread)
    if (problem !== null) return raiseError(vm, thread, problem)
    const permitted = this.host.permits(this.request)
    if (permitted === null) return raiseError(vm, thread, 'Invalid command passed to redis.acl_check_cmd()')
    vm.api.lua_pushboolean(thread, permitted ? 1 : 0)
    return 1
  }

  private readonly breakpoint = (thread: number): number => {
    this.vm.api.lua_pushboolean(thread, 0)
    return 1
  }

  /** Since Redis 7.0, scripts always replicate what they do. */
  private readonly replicateCommands = (thread: number): number => {
    this.vm.api.lua_pushboolean(thread, 1)
    return 1
  }
}
