/** Gives a script what it begins with: itself, its keys and its arguments. */
import type { Exchange } from '../libraries.js'
import type { LuaVm } from '../vm/lua-vm.js'

/** The arguments of a script: all of `buffer` between starts[i] and ends[i], keys first. */
export interface ScriptArguments {
  readonly buffer: Buffer
  readonly starts: ArrayLike<number>
  readonly ends: ArrayLike<number>
  /** Index of the first key, how many there are, and index behind the last argument. */
  readonly first: number
  readonly keys: number
  readonly end: number
}

/** Bytes of arguments that go into the VM at a time, where one alone does not take more. */
const PORTION_BYTES = 16 * 1024
const LENGTH_BYTES = 4
/** From this length on Buffer.copy is faster than a loop. */
const COPY_FROM_BYTES = 48

/**
 * Pushes the function that the registry keeps onto a thread. A script finds its keys and arguments as KEYS and ARGV; of a function
 * they are the two arguments.
 */
export function pushScript(
  vm: LuaVm,
  exchange: Exchange,
  thread: number,
  reference: number,
  isEval: boolean,
  args: ScriptArguments,
): void {
  const { state } = vm
  const { end, first, keys } = args
  const count = end - first
  let to = portionEnd(args, first)
  if (to === end) {
    exchange.push_script(state, thread, reference, isEval ? 1 : 0, keys, count, write(vm, args, first, end))
    return
  }
  const tables = exchange.begin_script(state, thread, reference, isEval ? 1 : 0, keys, count)
  for (let from = first; from < end; from = to) {
    to = portionEnd(args, from)
    exchange.add_arguments(state, tables, keys, from - first, to - first, write(vm, args, from, to))
  }
  exchange.finish_script(state, thread, isEval ? 1 : 0)
}

/** Index behind the last argument from `from` on that goes into the VM together with it. */
function portionEnd({ end, ends, starts }: ScriptArguments, from: number): number {
  let to = from
  let room = PORTION_BYTES
  while (to < end) {
    room -= LENGTH_BYTES + ends[to] - starts[to]
    if (room < 0 && to > from) break
    to++
  }
  return to
}

/** Writes the lengths of arguments [from, to) into scratch memory, and behind them their bytes. Returns where. */
function write(vm: LuaVm, args: ScriptArguments, from: number, to: number): number {
  const { buffer, ends, starts } = args
  let size = (to - from) * LENGTH_BYTES
  for (let i = from; i < to; i++) size += ends[i] - starts[i]
  const address = vm.takeScratch(size)
  if (address === 0) vm.raiseOutOfMemory(vm.state)
  const { bytes, words } = vm
  let length = address >> 2
  let at = address + (to - from) * LENGTH_BYTES
  for (let i = from; i < to; i++) {
    const start = starts[i]
    const end = ends[i]
    words[length++] = end - start
    if (end - start < COPY_FROM_BYTES) for (let from = start; from < end; from++) bytes[at++] = buffer[from]
    else at += buffer.copy(bytes, at, start, end)
  }
  return address
}
