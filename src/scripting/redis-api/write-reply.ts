/** What a script returns, as a reply, by Redis's rules of conversion (luaReplyToRedisReply in script_lua.c). */
import { INT64_MIN } from '../../bytes/integers.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { TABLE_NODES } from '../vm/layout.js'
import { LUA_TBOOLEAN, LUA_TNIL, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE } from '../vm/lua-api.js'
import type { LuaVm } from '../vm/lua-vm.js'

const BEYOND_INT64 = 2 ** 63

interface OpenArray {
  readonly kind: 'array'
  readonly length: number
  written: number
}

interface OpenPairs {
  readonly kind: 'pairs'
  readonly values: boolean
  /** The key has been written, and the value lies at the top. */
  hasValue: boolean
}

export class ReplyMaker {
  /** The protocol that the script has chosen (redis.setresp): what becomes of a boolean. */
  scriptResp = 2
  private readonly vm: LuaVm
  /** Tables whose elements are being written, the innermost last: each lies on the thread's stack. */
  private readonly open: (OpenArray | OpenPairs)[] = []
  /** What a table without fields has for its hash part. */
  private readonly noNodes: number

  constructor(vm: LuaVm) {
    this.vm = vm
    const { api, state } = vm
    api.lua_createtable(state, 0, 0)
    this.noNodes = vm.words[(api.lua_topointer(state, -1) + TABLE_NODES) >> 2]
    api.lua_settop(state, -2)
  }

  /**
   * Writes the value at the top of a thread, and takes it away. Returns whether it is an error that has been counted already. Tables
   * in tables may go as deep as Lua's stack: they are no calls in calls here.
   */
  write(thread: number, out: ReplyWriter): boolean {
    const { open } = this
    const counted = this.begin(thread, out)
    while (open.length > 0) {
      const frame = open[open.length - 1]
      if (frame.kind === 'array' ? this.nextElement(thread, frame, out) : this.nextPair(thread, frame, out)) continue
      open.pop()
      this.vm.api.lua_settop(thread, -2)
    }
    return counted
  }

  /** Writes the value at the top and takes it away, or if it has elements, leaves it there and adds it to `open`. */
  private begin(thread: number, out: ReplyWriter): boolean {
    const { vm } = this
    const { api } = vm
    if (api.lua_checkstack(thread, 4) === 0) {
      out.error('ERR reached lua stack limit')
      api.lua_settop(thread, -2)
      return false
    }
    const value = vm.top(thread)
    let counted = false
    switch (vm.typeAt(value)) {
      case LUA_TSTRING: {
        const object = vm.objectAt(value)
        const start = vm.stringStart(object)
        out.bulk(vm.bytes, start, start + vm.stringLength(object))
        break
      }
      case LUA_TBOOLEAN:
        this.writeBoolean(vm.objectAt(value) !== 0, out)
        break
      case LUA_TNUMBER:
        writeInteger(vm.numberAt(value), out)
        break
      case LUA_TTABLE: {
        const { length } = this.open
        counted = this.writeTable(thread, value, out)
        if (this.open.length > length) return false
        break
      }
      default:
        out.null()
    }
    api.lua_settop(thread, -2)
    return counted
  }

  /** False: there are no more. */
  private nextElement(thread: number, frame: OpenArray, out: ReplyWriter): boolean {
    if (frame.written === frame.length) return false
    this.vm.api.lua_rawgeti(thread, -1, ++frame.written)
    this.begin(thread, out)
    return true
  }

  /** Of a map or a set, whose table lies behind the one that holds it. */
  private nextPair(thread: number, frame: OpenPairs, out: ReplyWriter): boolean {
    const { api } = this.vm
    if (frame.hasValue) {
      frame.hasValue = false
      if (frame.values) this.begin(thread, out)
      else api.lua_settop(thread, -2)
      return true
    }
    if (api.lua_next(thread, -2) === 0) {
      api.lua_settop(thread, -2)
      return false
    }
    // The key is needed to go on, so that it is written from a copy.
    api.lua_pushvalue(thread, -2)
    frame.hasValue = true
    this.begin(thread, out)
    return true
  }

  private writeBoolean(value: boolean, out: ReplyWriter): void {
    if (this.scriptResp === 3) out.boolean(value)
    else if (value) out.integer(1)
    else out.null()
  }

  private writeTable(thread: number, value: number, out: ReplyWriter): boolean {
    const { vm } = this
    const hasFields = vm.words[(vm.objectAt(value) + TABLE_NODES) >> 2] !== this.noNodes
    if (hasFields) {
      const error = this.field(thread, 'err', LUA_TSTRING)
      if (error !== null) {
        const counted = this.flag(thread, 'ignore_error_stats_update')
        out.error(cString(error))
        return counted
      }
      if (this.writeTyped(thread, out)) return false
    }
    this.writeArray(thread, out)
    return false
  }

  /** Writes what one of the fields says that the table is; false: it has none of them. */
  private writeTyped(thread: number, out: ReplyWriter): boolean {
    const ok = this.field(thread, 'ok', LUA_TSTRING)
    if (ok !== null) {
      out.simple(oneLine(cString(ok)))
      return true
    }
    if (this.pushField(thread, 'double', LUA_TNUMBER)) {
      out.double(this.vm.numberAt(this.vm.top(thread)))
      this.vm.api.lua_settop(thread, -2)
      return true
    }
    const big = this.field(thread, 'big_number', LUA_TSTRING)
    if (big !== null) {
      out.bigNumber(oneLine(big))
      return true
    }
    return (
      this.writeVerbatim(thread, out) ||
      this.writePairs(thread, out, 'map', true) ||
      this.writePairs(thread, out, 'set', false)
    )
  }

  private writeVerbatim(thread: number, out: ReplyWriter): boolean {
    if (!this.pushField(thread, 'verbatim_string', LUA_TTABLE)) return false
    const format = this.field(thread, 'format', LUA_TSTRING)
    const text = format === null ? null : this.field(thread, 'string', LUA_TSTRING)
    this.vm.api.lua_settop(thread, -2)
    if (format === null || text === null) return false
    out.verbatim(text, cString(format).padEnd(3, ' ').slice(0, 3))
    return true
  }

  /** A map or a set: what is in the table `name` of the table at the top. */
  private writePairs(thread: number, out: ReplyWriter, name: string, values: boolean): boolean {
    const { api } = this.vm
    if (!this.pushField(thread, name, LUA_TTABLE)) return false
    let count = 0
    api.lua_pushnil(thread)
    for (; api.lua_next(thread, -2) !== 0; count++) api.lua_settop(thread, -2)
    if (values) out.map(count)
    else out.set(count)
    api.lua_pushnil(thread)
    this.open.push({ kind: 'pairs', values, hasValue: false })
    return true
  }

  /** All elements up to the first that is nil. */
  private writeArray(thread: number, out: ReplyWriter): void {
    const { vm } = this
    const { api } = vm
    let length = 0
    for (;;) {
      api.lua_rawgeti(thread, -1, length + 1)
      const isNil = vm.typeAt(vm.top(thread)) === LUA_TNIL
      api.lua_settop(thread, -2)
      if (isNil) break
      length++
    }
    out.array(length)
    this.open.push({ kind: 'array', length, written: 0 })
  }

  // Fields of the table at the top, past any metatable

  private pushField(thread: number, name: string, type: number): boolean {
    const { vm } = this
    const { api } = vm
    api.lua_pushlstring(thread, vm.text(name), name.length)
    api.lua_rawget(thread, -2)
    if (vm.typeAt(vm.top(thread)) === type) return true
    api.lua_settop(thread, -2)
    return false
  }

  private field(thread: number, name: string, type: number): string | null {
    if (!this.pushField(thread, name, type)) return null
    const text = this.vm.topString(thread)
    this.vm.api.lua_settop(thread, -2)
    return text
  }

  private flag(thread: number, name: string): boolean {
    if (!this.pushField(thread, name, LUA_TBOOLEAN)) return false
    const value = this.vm.objectAt(this.vm.top(thread)) !== 0
    this.vm.api.lua_settop(thread, -2)
    return value
  }
}

/** As C converts a double to a 64-bit integer: what is none, or does not fit, gives the least. */
function writeInteger(value: number, out: ReplyWriter): void {
  const integer = Math.trunc(value)
  if (Number.isSafeInteger(integer)) out.integer(integer + 0)
  else if (Number.isNaN(integer) || Math.abs(integer) >= BEYOND_INT64) out.bigInteger(INT64_MIN)
  else out.bigInteger(BigInt(integer))
}

/** Up to the first zero byte. */
function cString(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ')
}
