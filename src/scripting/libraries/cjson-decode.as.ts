/** cjson.decode: a Lua value from JSON. */
import {
  lua_checkstack, lua_createtable, lua_gettop, lua_pushboolean, lua_pushlightuserdata, lua_pushlstring, lua_pushnumber, lua_rawset,
  lua_rawseti, luaL_argerror, luaL_error, malloc, State, Text,
} from './lua.as'
import { Settings, settingsOf } from './cjson-settings.as'
import { beginOutput, cursor, grownSize, levelAt, openLevel, outputStart, put, putBytes, reserve } from './memory.as'
import { hexDigit, isWord, numberEnd, readNumber } from './numbers.as'
import { bytesLength, checkBytes, formatArgs, raise } from './scratch.as'

@external('text', 'expected 1 argument') declare const EXPECTED_1_ARGUMENT: Text
@external('text', 'JSON parser does not support UTF-16 or UTF-32') declare const NO_UTF_16_OR_32: Text
@external('text', 'Expected %s but found %s at character %d') declare const EXPECTED_BUT_FOUND: Text
@external('text', 'Found too many nested data structures (%d) at character %d') declare const TOO_MANY_NESTED: Text

// What may be expected.
@external('text', 'value') declare const VALUE: Text
@external('text', 'the end') declare const THE_END: Text
@external('text', 'object key string') declare const OBJECT_KEY_STRING: Text
@external('text', 'colon') declare const COLON: Text
@external('text', 'comma or object end') declare const COMMA_OR_OBJECT_END: Text
@external('text', 'comma or array end') declare const COMMA_OR_ARRAY_END: Text

// What may be found instead: an error within a token, or a token.
@external('text', 'invalid token') declare const INVALID_TOKEN: Text
@external('text', 'invalid number') declare const INVALID_NUMBER: Text
@external('text', 'unexpected end of string') declare const UNEXPECTED_END_OF_STRING: Text
@external('text', 'invalid escape code') declare const INVALID_ESCAPE_CODE: Text
@external('text', 'invalid unicode escape code') declare const INVALID_UNICODE_ESCAPE_CODE: Text
@external('text', 'T_OBJ_BEGIN') declare const T_OBJ_BEGIN_NAME: Text
@external('text', 'T_OBJ_END') declare const T_OBJ_END_NAME: Text
@external('text', 'T_ARR_BEGIN') declare const T_ARR_BEGIN_NAME: Text
@external('text', 'T_ARR_END') declare const T_ARR_END_NAME: Text
@external('text', 'T_STRING') declare const T_STRING_NAME: Text
@external('text', 'T_NUMBER') declare const T_NUMBER_NAME: Text
@external('text', 'T_BOOLEAN') declare const T_BOOLEAN_NAME: Text
@external('text', 'T_NULL') declare const T_NULL_NAME: Text
@external('text', 'T_COLON') declare const T_COLON_NAME: Text
@external('text', 'T_COMMA') declare const T_COMMA_NAME: Text
@external('text', 'T_END') declare const T_END_NAME: Text

// Kinds of tokens. The first ones are a single byte; T_WORD, T_WHITESPACE and T_ERROR only say how to go on reading.
const T_ERROR: u32 = 0
const T_OBJ_BEGIN: u32 = 1
const T_OBJ_END: u32 = 2
const T_ARR_BEGIN: u32 = 3
const T_ARR_END: u32 = 4
const T_COLON: u32 = 5
const T_COMMA: u32 = 6
const T_END: u32 = 7
const T_WHITESPACE: u32 = 8
const T_STRING: u32 = 9
const T_NUMBER: u32 = 10
const T_WORD: u32 = 11
const T_TRUE: u32 = 12
const T_FALSE: u32 = 13
const T_NULL: u32 = 14

const COMMA: u32 = 0x2c
const LEFT_BRACE: u32 = 0x7b
const RIGHT_BRACE: u32 = 0x7d
const QUOTE: u32 = 0x22
const BACKSLASH: u32 = 0x5c
const PLUS: u32 = 0x2b
const MINUS: u32 = 0x2d
const ZERO: u32 = 0x30
const NINE: u32 = 0x39
const LOWER_U: u32 = 0x75

/** For each byte, the kind of the token that starts with it; then, for each byte behind a backslash, what it stands for. */
let kinds: usize = 0
const UNESCAPED: usize = 256

export function openDecode(): bool {
  kinds = malloc(512)
  if (kinds === 0) return false
  memory.fill(kinds, <u8>T_ERROR, 512)
  store<u8>(kinds, T_OBJ_BEGIN, 0x7b)
  store<u8>(kinds, T_OBJ_END, 0x7d)
  store<u8>(kinds, T_ARR_BEGIN, 0x5b)
  store<u8>(kinds, T_ARR_END, 0x5d)
  store<u8>(kinds, T_COLON, 0x3a)
  store<u8>(kinds, T_COMMA, 0x2c)
  // Lua ends each string with a NUL. One within the string ends the document as well.
  store<u8>(kinds, T_END, 0)
  store<u8>(kinds, T_WHITESPACE, 0x20)
  store<u8>(kinds, T_WHITESPACE, 0x09)
  store<u8>(kinds, T_WHITESPACE, 0x0a)
  store<u8>(kinds, T_WHITESPACE, 0x0d)
  store<u8>(kinds, T_STRING, QUOTE)
  store<u8>(kinds, T_NUMBER, MINUS)
  for (let digit: usize = ZERO; digit <= NINE; digit++) store<u8>(kinds + digit, T_NUMBER)
  // true, false, null, nan, inf and +1.
  store<u8>(kinds, T_WORD, 0x74)
  store<u8>(kinds, T_WORD, 0x66)
  store<u8>(kinds, T_WORD, 0x6e)
  store<u8>(kinds, T_WORD, 0x4e)
  store<u8>(kinds, T_WORD, 0x69)
  store<u8>(kinds, T_WORD, 0x49)
  store<u8>(kinds, T_WORD, PLUS)

  const unescaped = kinds + UNESCAPED
  store<u8>(unescaped, 0x22, 0x22)
  store<u8>(unescaped, 0x5c, 0x5c)
  store<u8>(unescaped, 0x2f, 0x2f)
  store<u8>(unescaped, 0x08, 0x62)
  store<u8>(unescaped, 0x09, 0x74)
  store<u8>(unescaped, 0x0a, 0x6e)
  store<u8>(unescaped, 0x0c, 0x66)
  store<u8>(unescaped, 0x0d, 0x72)
  store<u8>(unescaped, LOWER_U, LOWER_U)
  return true
}

/** The document's first byte, the next one to be read, and the byte behind the last one. */
let data: usize = 0
let next: usize = 0
let dataEnd: usize = 0

/** Where the last token starts, or where the error in it is. */
let tokenAt: usize = 0
/** A string's bytes, in the document or, unescaped, in the output. */
let stringAt: usize = 0
let stringLength: usize = 0
let number: f64 = 0
/** What is wrong with a T_ERROR. */
let problem: Text = 0

/** In a level's word: an object, rather than the index of an array's next element. */
const OBJECT: i32 = 0

export function cjson_decode(L: State): i32 {
  if (lua_gettop(L) !== 1) luaL_argerror(L, 1, EXPECTED_1_ARGUMENT)
  const settings = settingsOf(L)
  data = checkBytes(L, 1)
  const length = bytesLength()
  next = data
  dataEnd = data + length
  if (length >= 2 && (load<u8>(data) === 0 || load<u8>(data, 1) === 0)) raise(L, NO_UTF_16_OR_32)

  let depth = 0
  let token = nextToken(L, settings)
  while (true) {
    // The token starts a value.
    if (token === T_STRING) {
      lua_pushlstring(L, stringAt, stringLength)
    } else if (token === T_NUMBER) {
      lua_pushnumber(L, number)
    } else if (token === T_OBJ_BEGIN) {
      // Slots for the table, a key and its value.
      descend(L, settings, ++depth, 3)
      token = nextToken(L, settings)
      // One entry is what the first key would make room for: the table grows to the same layout.
      lua_createtable(L, 0, token === T_STRING ? 1 : 0)
      if (token !== T_OBJ_END) {
        store<i32>(openLevel(L, depth), OBJECT)
        token = readKey(L, settings, token)
        continue
      }
      depth--
    } else if (token === T_ARR_BEGIN) {
      descend(L, settings, ++depth, 2)
      const ahead = elementsAhead(next)
      token = nextToken(L, settings)
      if (token !== T_ARR_END) {
        lua_createtable(L, grownSize(ahead), 0)
        store<i32>(openLevel(L, depth), 1)
        continue
      }
      lua_createtable(L, 0, 0)
      depth--
    } else if (token === T_TRUE || token === T_FALSE) {
      lua_pushboolean(L, token === T_TRUE ? 1 : 0)
    } else if (token === T_NULL) {
      lua_pushlightuserdata(L, 0)
    } else {
      raiseExpected(L, VALUE, token)
    }

    // The value is on the top of the stack, its container below it: what follows?
    while (true) {
      if (depth === 0) {
        token = nextToken(L, settings)
        if (token !== T_END) raiseExpected(L, THE_END, token)
        return 1
      }
      const level = levelAt(depth)
      const index = load<i32>(level)
      if (index === OBJECT) {
        lua_rawset(L, -3)
        token = nextToken(L, settings)
        if (token === T_COMMA) {
          token = readKey(L, settings, nextToken(L, settings))
          break
        }
        if (token !== T_OBJ_END) raiseExpected(L, COMMA_OR_OBJECT_END, token)
      } else {
        lua_rawseti(L, -2, index)
        token = nextToken(L, settings)
        if (token === T_COMMA) {
          store<i32>(level, index + 1)
          token = nextToken(L, settings)
          break
        }
        if (token !== T_ARR_END) raiseExpected(L, COMMA_OR_ARRAY_END, token)
      }
      depth--
    }
  }
}

function descend(L: State, settings: Settings, depth: i32, slots: i32): void {
  if (depth <= settings.decodeMaxDepth && lua_checkstack(L, slots)) return
  luaL_error(L, TOO_MANY_NESTED, formatArgs(depth, <i32>(next - data)))
  unreachable()
}

/** No more bytes are looked at, and no more elements counted, before an array is read. */
const BYTES_AHEAD: usize = 256
const ELEMENTS_AHEAD: u32 = 64

/** How many elements an array has at least, 1 for one that may be empty: those up to the first that is a container are counted. */
function elementsAhead(at: usize): u32 {
  const end = min<usize>(dataEnd, at + BYTES_AHEAD)
  let elements: u32 = 1
  for (; at < end && elements < ELEMENTS_AHEAD; at++) {
    const byte = <u32>load<u8>(at)
    if (byte === COMMA) {
      elements++
    } else if (byte === QUOTE) {
      at = findSpecial(at + 1)
      // An escape may hide the string's end.
      if (load<u8>(at) !== QUOTE) break
    } else if ((byte | 0x20) === LEFT_BRACE || (byte | 0x20) === RIGHT_BRACE) {
      // Brackets are these without the bit.
      break
    }
  }
  return elements
}

/** Pushes the key that a token has to be, and takes the colon. Gives the token of the value. */
function readKey(L: State, settings: Settings, token: u32): u32 {
  if (token !== T_STRING) raiseExpected(L, OBJECT_KEY_STRING, token)
  lua_pushlstring(L, stringAt, stringLength)
  const colon = nextToken(L, settings)
  if (colon !== T_COLON) raiseExpected(L, COLON, colon)
  return nextToken(L, settings)
}

function nextToken(L: State, settings: Settings): u32 {
  let at = next
  let kind = <u32>load<u8>(kinds + load<u8>(at))
  while (kind === T_WHITESPACE) kind = load<u8>(kinds + load<u8>(++at))
  tokenAt = at
  if (kind - T_OBJ_BEGIN <= T_COMMA - T_OBJ_BEGIN) {
    next = at + 1
    return kind
  }
  next = at
  if (kind === T_STRING) return readString(L)
  if (kind === T_NUMBER) {
    if (settings.decodeInvalidNumbers === 0 && isInvalidNumber(at)) return failAt(at, INVALID_NUMBER)
    return takeNumber(L)
  }
  if (kind === T_END) return T_END
  if (kind === T_WORD) return readWord(L, settings)
  return failAt(at, INVALID_TOKEN)
}

function failAt(at: usize, what: Text): u32 {
  tokenAt = at
  problem = what
  return T_ERROR
}

function takeNumber(L: State): u32 {
  number = readNumber(L, next)
  if (numberEnd === next) return failAt(next, INVALID_NUMBER)
  next = numberEnd
  return T_NUMBER
}

/** What strtod takes but JSON does not: a plus, leading zeros, hexadecimal digits, inf and nan. */
function isInvalidNumber(at: usize): bool {
  let byte = <u32>load<u8>(at)
  if (byte === PLUS) return true
  if (byte === MINUS) byte = load<u8>(++at)
  if (byte === ZERO) {
    const second = <u32>load<u8>(at, 1)
    return (second | 0x20) === 0x78 || second - ZERO < 10
  }
  return isWord(at, 0x69, 0x6e, 0x66) || isWord(at, 0x6e, 0x61, 0x6e)
}

const TRUE_BYTES: u32 = 0x65757274
const NULL_BYTES: u32 = 0x6c6c756e
const ALSE_BYTES: u32 = 0x65736c61

function readWord(L: State, settings: Settings): u32 {
  const at = next
  // Four bytes at least, with the NUL at the end: a word that is shorter is none.
  if (dataEnd - at >= 4) {
    const word = load<u32>(at)
    if (word === TRUE_BYTES) {
      next = at + 4
      return T_TRUE
    }
    if (word === NULL_BYTES) {
      next = at + 4
      return T_NULL
    }
    if (load<u8>(at) === 0x66 && load<u32>(at, 1) === ALSE_BYTES) {
      next = at + 5
      return T_FALSE
    }
  }
  if (settings.decodeInvalidNumbers !== 0 && isInvalidNumber(at)) return takeNumber(L)
  return failAt(at, INVALID_TOKEN)
}

// A byte that is zero in `word ^ EACH * byte` is that byte.
const EACH_BYTE: u64 = 0x0101010101010101
const EACH_HIGH_BIT: u64 = 0x8080808080808080

@inline
function hasZeroByte(word: u64): u64 {
  return (word - EACH_BYTE) & ~word & EACH_HIGH_BIT
}

/** The first quote, backslash or NUL from an address on. */
@inline
function findSpecial(at: usize): usize {
  while (at + 8 <= dataEnd) {
    const word = load<u64>(at)
    const special = hasZeroByte(word) | hasZeroByte(word ^ (EACH_BYTE * QUOTE)) | hasZeroByte(word ^ (EACH_BYTE * BACKSLASH))
    // The lowest bit that is set is that of the first such byte; bits above it may be wrong.
    if (special !== 0) return at + <usize>(ctz<u64>(special) >> 3)
    at += 8
  }
  while (true) {
    const byte = <u32>load<u8>(at)
    if (byte === QUOTE || byte === BACKSLASH || byte === 0) return at
    at++
  }
}

function readString(L: State): u32 {
  const start = next + 1
  const end = findSpecial(start)
  const byte = <u32>load<u8>(end)
  if (byte === BACKSLASH) return readEscapedString(L, start, end)
  if (byte === 0) return failAt(end, UNEXPECTED_END_OF_STRING)
  stringAt = start
  stringLength = end - start
  next = end + 1
  return T_STRING
}

/** Reads a string with escapes, the first one at `at`, into the output. */
function readEscapedString(L: State, start: usize, at: usize): u32 {
  beginOutput()
  let from = start
  while (true) {
    const plain = at - from
    // Room for what is unescaped, four bytes at most, too.
    reserve(L, plain + 4)
    putBytes(from, plain)
    const byte = <u32>load<u8>(at)
    if (byte === QUOTE) break
    if (byte === 0) return failAt(at, UNEXPECTED_END_OF_STRING)

    const unescaped = <u32>load<u8>(kinds + UNESCAPED + load<u8>(at, 1))
    if (unescaped === 0) return failAt(at, INVALID_ESCAPE_CODE)
    if (unescaped === LOWER_U) {
      from = putUnicode(at)
      if (from === 0) return failAt(at, INVALID_UNICODE_ESCAPE_CODE)
    } else {
      put(unescaped)
      from = at + 2
    }
    at = findSpecial(from)
  }
  stringAt = outputStart()
  stringLength = cursor - stringAt
  next = at + 1
  return T_STRING
}

/** Writes the character of an escape with four hexadecimal digits, or of two that are a surrogate pair, as UTF-8. Gives the address behind it, or 0. */
function putUnicode(at: usize): usize {
  let codepoint = readHex4(at + 2)
  if (codepoint < 0) return 0
  at += 6
  if ((codepoint & 0xf800) === 0xd800) {
    // A high surrogate comes first, and a low one has to follow.
    if (codepoint & 0x400) return 0
    if (load<u8>(at) !== BACKSLASH || load<u8>(at, 1) !== LOWER_U) return 0
    const low = readHex4(at + 2)
    if (low < 0 || (low & 0xfc00) !== 0xdc00) return 0
    codepoint = (((codepoint & 0x3ff) << 10) | (low & 0x3ff)) + 0x10000
    at += 6
  }
  if (codepoint < 0x80) {
    put(codepoint)
    return at
  }
  if (codepoint < 0x800) {
    put(0xc0 | (codepoint >> 6))
  } else {
    if (codepoint < 0x10000) {
      put(0xe0 | (codepoint >> 12))
    } else {
      put(0xf0 | (codepoint >> 18))
      put(0x80 | ((codepoint >> 12) & 0x3f))
    }
    put(0x80 | ((codepoint >> 6) & 0x3f))
  }
  put(0x80 | (codepoint & 0x3f))
  return at
}

/** Four hexadecimal digits, or -1. Reads no further than the first byte that is none. */
function readHex4(at: usize): i32 {
  let value = 0
  for (let i: usize = 0; i < 4; i++) {
    const digit = hexDigit(load<u8>(at + i))
    if (digit < 0) return -1
    value = (value << 4) | digit
  }
  return value
}

function raiseExpected(L: State, expected: Text, token: u32): void {
  const found = token === T_ERROR ? problem : tokenName(token)
  luaL_error(L, EXPECTED_BUT_FOUND, formatArgs(<i32>expected, <i32>found, <i32>(tokenAt - data) + 1))
  unreachable()
}

function tokenName(token: u32): Text {
  switch (token) {
    case T_OBJ_BEGIN: return T_OBJ_BEGIN_NAME
    case T_OBJ_END: return T_OBJ_END_NAME
    case T_ARR_BEGIN: return T_ARR_BEGIN_NAME
    case T_ARR_END: return T_ARR_END_NAME
    case T_STRING: return T_STRING_NAME
    case T_NUMBER: return T_NUMBER_NAME
    case T_TRUE:
    case T_FALSE: return T_BOOLEAN_NAME
    case T_NULL: return T_NULL_NAME
    case T_COLON: return T_COLON_NAME
    case T_COMMA: return T_COMMA_NAME
    default: return T_END_NAME
  }
}
