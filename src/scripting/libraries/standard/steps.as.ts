/**
 * Counts work that Lua's instruction hook does not see, so that a script cannot hold the server up inside of one function.
 *
 * The count goes on from call to call: many short calls are as much work as a long one.
 */
import { State } from '../lua.as'

/** Called each time so much work is done. May raise a Lua error, which ends the function that works. */
@external('host', 'tick') declare function tick(L: State): void

/** Some 50 to 100 us of matching. */
const STEPS_PER_TICK: i32 = 50000

let left: i32 = STEPS_PER_TICK

/** A step is about what comparing two bytes costs. */
@inline
export function spend(L: State, steps: i32): void {
  left -= steps
  if (left < 0) endSlice(L)
}

/** For bytes that are copied or compared many at a time. */
export function spendBytes(L: State, bytes: usize): void {
  spend(L, <i32>(bytes >> 4))
}

function endSlice(L: State): void {
  left = STEPS_PER_TICK
  tick(L)
}
