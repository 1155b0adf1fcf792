/**
 * The libraries that Redis adds to its Lua: cjson, cmsgpack, struct and bit; and functions that take the place of Lua's own.
 *
 * Compiled by build/wasm.mjs to a module that lives in the memory of a Lua VM and calls its C API without a detour through
 * JavaScript. What that asks of these files: no string, array or object of AssemblyScript's own, only load and store.
 */
import { openBit } from './bit.as'
import { openCjson } from './cjson.as'
import { openDecode } from './cjson-decode.as'
import { openEncode } from './cjson-encode.as'
import { openCmsgpack } from './cmsgpack.as'
import { State } from './lua.as'
import { openNumbers } from './numbers.as'
import { openScratch } from './scratch.as'
import { openReplaced } from './standard/replaced.as'
import { openStruct } from './struct.as'

// What goes into the VM's table of functions.
export {
  bit_arshift, bit_band, bit_bnot, bit_bor, bit_bswap, bit_bxor, bit_lshift, bit_rol, bit_ror, bit_rshift, bit_tobit, bit_tohex,
} from './bit.as'
export { cjson_new } from './cjson.as'
export { cjson_decode } from './cjson-decode.as'
export { cjson_encode } from './cjson-encode.as'
export {
  cjson_decode_invalid_numbers, cjson_decode_max_depth, cjson_encode_invalid_numbers, cjson_encode_keep_buffer,
  cjson_encode_max_depth, cjson_encode_number_precision, cjson_encode_sparse_array,
} from './cjson-settings.as'
export { cmsgpack_pack, cmsgpack_unpack, cmsgpack_unpack_limit, cmsgpack_unpack_one } from './cmsgpack.as'
export { struct_pack, struct_size, struct_unpack } from './struct.as'
export {
  base_collectgarbage, base_error, base_getfenv, base_select, base_setfenv, base_tonumber, base_unpack, math_atan2, math_fmod,
  math_frexp, math_ldexp, math_pow,
} from './standard/base.as'
export { string_find, string_gmatch, string_gmatch_next, string_match } from './standard/find.as'
export { string_format } from './standard/format.as'
export { gsub_add, gsub_captures, string_gsub } from './standard/gsub.as'
export { lua_parts } from './standard/lua-parts.as'
export { string_byte, string_char, string_rep, string_sub } from './standard/strings.as'
export {
  sort_invalid, sort_order, table_concat, table_foreach, table_foreachi, table_insert, table_remove, table_sort,
} from './standard/tables.as'

// What the host calls.
export { add_arguments, begin_script, finish_script, open_arguments, push_script } from './exchange/arguments.as'
export { push_reply } from './exchange/reply.as'
export { reply_kind } from './exchange/reply-kind.as'

/** Registers the libraries as globals. False if there is no memory left. */
export function open(L: State): bool {
  if (!openScratch() || !openNumbers(L) || !openEncode() || !openDecode()) return false
  openCjson(L)
  openStruct(L)
  openCmsgpack(L)
  openBit(L)
  return openReplaced(L)
}
