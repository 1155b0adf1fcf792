/** A command's reply as a Lua value, by Redis's rules of conversion (script_lua.c, RESP2 and RESP3). */
import { latin1 } from '../../bytes/latin1.js'
import type { LuaVm } from '../vm/lua-vm.js'
import { pushError } from './push-error.js'

const CR = 13
const PLUS = 43
const MINUS = 45
const COLON = 58
const DOLLAR = 36
const STAR = 42
const TILDE = 126
const PERCENT = 37
const HASH = 35
const COMMA = 44
const UNDERSCORE = 95
const PAREN = 40
const EQUALS = 61
const BAR = 124
const SMALL_T = 116
/** Digits that a double holds exactly whatever they are. */
const EXACT_DIGITS = 15

/** Reads one reply at a time; what it reads lies in the VM's memory, so that strings are made of it where they are. */
export class ReplyPusher {
  private readonly vm: LuaVm
  private at = 0

  constructor(vm: LuaVm) {
    this.vm = vm
  }

  /** Pushes the reply that is bytes[start, end). */
  push(thread: number, bytes: Buffer, start: number, end: number): void {
    if (bytes[start] === COLON) {
      this.vm.api.lua_pushnumber(thread, readNumber(bytes, start + 1))
      return
    }
    const length = end - start
    const address = this.vm.takeScratch(length)
    if (address === 0) this.vm.raiseOutOfMemory(thread)
    bytes.copy(this.vm.bytes, address, start, end)
    this.at = address
    this.next(thread)
  }

  /** Position of the next line, which is behind the present one. */
  private lineEnd(): number {
    const { bytes } = this.vm
    let end = this.at
    while (bytes[end] !== CR) end++
    return end
  }

  /** The number behind the type's byte; goes to the next line. */
  private length(): number {
    const end = this.lineEnd()
    const length = readNumber(this.vm.bytes, this.at + 1)
    this.at = end + 2
    return length
  }

  private text(): string {
    const end = this.lineEnd()
    const text = latin1(this.vm.bytes, this.at + 1, end)
    this.at = end + 2
    return text
  }

  private next(thread: number): void {
    const { api, bytes } = this.vm
    switch (bytes[this.at]) {
      case DOLLAR: {
        const length = this.length()
        if (length < 0) {
          api.lua_pushboolean(thread, 0)
          return
        }
        const start = this.at
        this.at += length + 2
        api.lua_pushlstring(thread, start, length)
        return
      }
      case COLON:
        api.lua_pushnumber(thread, this.length())
        return
      case STAR:
        this.array(thread, this.length())
        return
      case PLUS:
        this.single(thread, 'ok')
        return
      case MINUS:
        pushError(this.vm, thread, `-${this.text()}`, true)
        return
      case TILDE:
        this.collection(thread, 'set', this.length(), false)
        return
      case PERCENT:
        this.collection(thread, 'map', this.length(), true)
        return
      case HASH:
        api.lua_pushboolean(thread, bytes[this.at + 1] === SMALL_T ? 1 : 0)
        this.at = this.lineEnd() + 2
        return
      case COMMA:
        api.lua_createtable(thread, 0, 1)
        api.lua_pushnumber(thread, doubleOf(this.text()))
        api.lua_setfield(thread, -2, this.vm.text('double'))
        return
      case UNDERSCORE:
        this.at = this.lineEnd() + 2
        api.lua_pushnil(thread)
        return
      case PAREN:
        this.single(thread, 'big_number')
        return
      case EQUALS:
        this.verbatim(thread, this.length())
        return
      case BAR:
        this.skipAttributes(thread, this.length())
        this.next(thread)
        return
      default:
        throw new Error(`a reply of type ${bytes[this.at]}`)
    }
  }

  /** A table with one field, the rest of the line. */
  private single(thread: number, field: string): void {
    const { api } = this.vm
    const start = this.at + 1
    const end = this.lineEnd()
    this.at = end + 2
    api.lua_createtable(thread, 0, 1)
    api.lua_pushlstring(thread, start, end - start)
    api.lua_setfield(thread, -2, this.vm.text(field))
  }

  private array(thread: number, length: number): void {
    const { api } = this.vm
    if (length < 0) {
      api.lua_pushboolean(thread, 0)
      return
    }
    api.lua_checkstack(thread, 3)
    api.lua_createtable(thread, length, 0)
    for (let i = 1; i <= length; i++) {
      this.next(thread)
      api.lua_rawseti(thread, -2, i)
    }
  }

  private collection(thread: number, field: string, length: number, pairs: boolean): void {
    const { api } = this.vm
    api.lua_checkstack(thread, 5)
    api.lua_createtable(thread, 0, 1)
    api.lua_createtable(thread, 0, length)
    for (let i = 0; i < length; i++) {
      this.next(thread)
      if (pairs) this.next(thread)
      else api.lua_pushboolean(thread, 1)
      api.lua_settable(thread, -3)
    }
    api.lua_setfield(thread, -2, this.vm.text(field))
  }

  private verbatim(thread: number, length: number): void {
    const { vm } = this
    const { api } = vm
    const start = this.at
    this.at += length + 2
    api.lua_createtable(thread, 0, 1)
    api.lua_createtable(thread, 0, 2)
    api.lua_pushlstring(thread, start + 4, length - 4)
    api.lua_setfield(thread, -2, vm.text('string'))
    api.lua_pushlstring(thread, start, 3)
    api.lua_setfield(thread, -2, vm.text('format'))
    api.lua_setfield(thread, -2, vm.text('verbatim_string'))
  }

  /** Scripts do not see attributes. */
  private skipAttributes(thread: number, pairs: number): void {
    for (let i = 0; i < pairs * 2; i++) {
      this.next(thread)
      this.vm.api.lua_settop(thread, -2)
    }
  }
}

/** The integer at a position, as far as a Lua number holds it. */
function readNumber(bytes: Buffer, start: number): number {
  let at = start
  const isNegative = bytes[at] === MINUS
  if (isNegative) at++
  let value = 0
  const first = at
  for (; bytes[at] !== CR; at++) value = value * 10 + bytes[at] - 48
  if (at - first > EXACT_DIGITS) value = Number(latin1(bytes, first, at))
  return isNegative ? -value : value
}

/** A double as RESP3 writes it. */
function doubleOf(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY
  if (text === '-inf') return Number.NEGATIVE_INFINITY
  return Number(text)
}
