/** What a script returns, as a reply, by Redis's rules of conversion (luaReplyToRedisReply in script_lua.c). */
import { INT64_MIN } from '../../bytes/integers.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Exchange } from '../libraries.js'
import { TABLE_ARRAY, TABLE_ARRAY_LENGTH, TABLE_NODES, VALUE_BYTES } from '../vm/layout.js'
import { LUA_TBOOLEAN, LUA_TNIL, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE } from '../vm/lua-api.js'
import type { LuaVm } from '../vm/lua-vm.js'

const BEYOND_INT64 = 2 ** 63
const UPPER_O = 79
const UPPER_K = 75

// What reply_kind() of libraries/exchange/reply-kind.as.ts returns.
const KIND_ERROR = 1
const KIND_STATUS = 2
const KIND_DOUBLE = 3
const KIND_BIG_NUMBER = 4
const KIND_VERBATIM = 5
const KIND_MAP = 6
const KIND_SET = 7

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
  private readonly exchange: Exchange
  /** Tables whose elements are being written, the innermost last: each lies on the thread's stack. */
  private readonly open: (OpenArray | OpenPairs)[] = []
  /** What a table without fields has for its hash part. */
  private readonly noNodes: number

  constructor(vm: LuaVm, exchange: Exchange) {
    this.vm = vm
    this.exchange = exchange
    const { api, state } = vm
    api.lua_createtable(state, 0, 0)
    this.noNodes = vm.words[(api.lua_topointer(state, -1) + TABLE_NODES) >> 2]
    vm.pop(state)
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
      this.vm.pop(thread)
    }
    return counted
  }

  /** Writes the value at the top and takes it away, or if it has elements, leaves it there and adds it to `open`. */
  private begin(thread: number, out: ReplyWriter): boolean {
    const { api } = this.vm
    let counted = false
    if (!this.writeScalar(this.vm.top(thread), out)) {
      if (api.lua_checkstack(thread, 4) === 0) out.error('ERR reached lua stack limit')
      else {
        const { length } = this.open
        counted = this.writeTable(thread, out)
        if (this.open.length > length) return false
      }
    }
    this.vm.pop(thread)
    return counted
  }

  /** Writes the value at an address; false: it is a table. */
  private writeScalar(value: number, out: ReplyWriter): boolean {
    const { vm } = this
    switch (vm.typeAt(value)) {
      case LUA_TSTRING: {
        const object = vm.objectAt(value)
        const start = vm.stringStart(object)
        out.bulk(vm.bytes, start, start + vm.stringLength(object))
        return true
      }
      case LUA_TBOOLEAN:
        this.writeBoolean(vm.objectAt(value) !== 0, out)
        return true
      case LUA_TNUMBER:
        writeInteger(vm.numberAt(value), out)
        return true
      case LUA_TTABLE:
        return false
      default:
        out.null()
        return true
    }
  }

  /** Writes elements up to the next table, which it adds to `open`, or the end. False: there are no more. */
  private nextElement(thread: number, frame: OpenArray, out: ReplyWriter): boolean {
    const { vm } = this
    const table = vm.objectAt(vm.top(thread))
    while (frame.written < frame.length) {
      const value = this.elementAt(table, frame.written++)
      if (value !== 0 && this.writeScalar(value, out)) continue
      vm.api.lua_rawgeti(thread, -1, frame.written)
      this.begin(thread, out)
      return true
    }
    return false
  }

  /** Address of an element of a table's array, counted from 0; 0 for one that is not in there. */
  private elementAt(table: number, index: number): number {
    const { words } = this.vm
    if (index >= words[(table + TABLE_ARRAY_LENGTH) >> 2]) return 0
    return words[(table + TABLE_ARRAY) >> 2] + index * VALUE_BYTES
  }

  /** Of a map or a set, whose table lies behind the one that holds it. */
  private nextPair(thread: number, frame: OpenPairs, out: ReplyWriter): boolean {
    const { vm } = this
    if (frame.hasValue) {
      frame.hasValue = false
      if (frame.values) this.begin(thread, out)
      else vm.pop(thread)
      return true
    }
    if (vm.api.lua_next(thread, -2) === 0) {
      vm.pop(thread)
      return false
    }
    // The key is needed to go on, so that it is written from a copy.
    vm.api.lua_pushvalue(thread, -2)
    frame.hasValue = true
    this.begin(thread, out)
    return true
  }

  private writeBoolean(value: boolean, out: ReplyWriter): void {
    if (this.scriptResp === 3) out.boolean(value)
    else if (value) out.integer(1)
    else out.null()
  }

  /** Writes the table at the top, and of one that has elements what is ahead of them. Returns whether it is a counted error. */
  private writeTable(thread: number, out: ReplyWriter): boolean {
    const { vm } = this
    const hasFields = vm.words[(vm.objectAt(vm.top(thread)) + TABLE_NODES) >> 2] !== this.noNodes
    switch (hasFields ? this.exchange.reply_kind(thread) : 0) {
      case KIND_ERROR: {
        out.error(cString(vm.topString(thread)))
        vm.pop(thread)
        return this.flag(thread, 'ignore_error_stats_update')
      }
      case KIND_STATUS:
        this.writeStatus(thread, out)
        break
      case KIND_DOUBLE:
        out.double(vm.numberAt(vm.top(thread)))
        break
      case KIND_BIG_NUMBER:
        out.bigNumber(oneLine(vm.topString(thread)))
        break
      case KIND_VERBATIM:
        out.verbatim(this.field(thread, 'string'), cString(this.field(thread, 'format')).padEnd(3, ' ').slice(0, 3))
        break
      case KIND_MAP:
        this.beginPairs(thread, out, true)
        return false
      case KIND_SET:
        this.beginPairs(thread, out, false)
        return false
      default:
        this.beginArray(thread, out)
        return false
    }
    vm.pop(thread)
    return false
  }

  /** Mostly it is that of redis.call('set', ...). */
  private writeStatus(thread: number, out: ReplyWriter): void {
    const { vm } = this
    const object = vm.objectAt(vm.top(thread))
    const start = vm.stringStart(object)
    const { bytes } = vm
    if (vm.stringLength(object) === 2 && bytes[start] === UPPER_O && bytes[start + 1] === UPPER_K) out.ok()
    else out.simple(oneLine(cString(vm.topString(thread))))
  }

  /** A map or a set: what is in the table at the top. */
  private beginPairs(thread: number, out: ReplyWriter, values: boolean): void {
    const { vm } = this
    const { api } = vm
    let count = 0
    api.lua_pushnil(thread)
    for (; api.lua_next(thread, -2) !== 0; count++) vm.pop(thread)
    if (values) out.map(count)
    else out.set(count)
    api.lua_pushnil(thread)
    this.open.push({ kind: 'pairs', values, hasValue: false })
  }

  /** All elements up to the first that is nil. */
  private beginArray(thread: number, out: ReplyWriter): void {
    const { vm } = this
    const table = vm.objectAt(vm.top(thread))
    let length = 0
    for (;;) {
      let value = this.elementAt(table, length)
      if (value === 0) {
        vm.api.lua_rawgeti(thread, -1, length + 1)
        value = vm.top(thread)
        vm.pop(thread)
      }
      if (vm.typeAt(value) === LUA_TNIL) break
      length++
    }
    out.array(length)
    this.open.push({ kind: 'array', length, written: 0 })
  }

  // Fields of the table at the top, past any metatable

  private pushField(thread: number, name: string): void {
    this.vm.api.lua_pushlstring(thread, this.vm.text(name), name.length)
    this.vm.api.lua_rawget(thread, -2)
  }

  /** A field that is a string. */
  private field(thread: number, name: string): string {
    this.pushField(thread, name)
    const text = this.vm.topString(thread)
    this.vm.pop(thread)
    return text
  }

  /** Whether a field is true. */
  private flag(thread: number, name: string): boolean {
    const { vm } = this
    this.pushField(thread, name)
    const value = vm.top(thread)
    vm.pop(thread)
    return vm.typeAt(value) === LUA_TBOOLEAN && vm.objectAt(value) !== 0
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
