/**
 * Where things lie in a Lua 5.1 state compiled for 32 bits (lstate.h, lobject.h): reading them in memory saves calls into the VM.
 * All offsets are bytes; a test holds them against what the C API says.
 */

/** lua_State. */
export const STATE_TOP = 8
export const STATE_BASE = 12
/** The frame of the function that runs, and the first one of all, which is no function's. */
export const STATE_FRAME = 20
export const STATE_FIRST_FRAME = 40
export const FRAME_BYTES = 24
/** Two unsigned shorts: C calls under way, and how many of them were when the thread was resumed. */
export const STATE_C_CALLS = 52
export const STATE_GLOBALS = 72

/** A value: a number, or the address of an object, and its type. */
export const VALUE_BYTES = 16
export const VALUE_TYPE = 8

/** A string: its length, and where its bytes begin. */
export const STRING_LENGTH = 12
export const STRING_BYTES = 16

/** A table: the values of its array, how many there is room for, and its nodes of all other keys and values. */
export const TABLE_ARRAY = 12
export const TABLE_NODES = 16
export const TABLE_ARRAY_LENGTH = 28

/** lua_Debug, as lua_getinfo() fills it: addresses of texts, the line. */
export const DEBUG_SOURCE = 16
export const DEBUG_LINE = 20
export const DEBUG_LINE_DEFINED = 28
export const DEBUG_BYTES = 100
