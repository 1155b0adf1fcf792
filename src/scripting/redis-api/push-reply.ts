/** Gives a script the reply to its redis.call. */
import type { Exchange } from '../libraries.js'
import type { CallReply } from '../script-host.js'
import type { LuaVm } from '../vm/lua-vm.js'

/** Longer replies are copied into the VM by Buffer.copy(), for which there is less to do by hand. */
const LOOP_MAX_BYTES = 48

/** Pushes a reply as a Lua value (libraries/exchange/reply.as.ts). */
export function pushReply(vm: LuaVm, exchange: Exchange, thread: number, { bytes, end, start }: CallReply): void {
  const length = end - start
  const address = vm.takeScratch(length)
  if (address === 0) vm.raiseOutOfMemory(thread)
  const target = vm.bytes
  if (length > LOOP_MAX_BYTES) bytes.copy(target, address, start, end)
  else for (let i = 0; i < length; i++) target[address + i] = bytes[start + i]
  exchange.push_reply(thread, address)
}
