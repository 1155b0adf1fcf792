/**
 * Keys that the key specs cannot tell: each function serves the commands that name it as `findKeys`. They parse no more of
 * a request than the keys need, and find none in a request that the command will refuse.
 * Source of behaviour: the ...GetKeys functions in Redis's db.c.
 */
import type { Request } from '../resp/request.js'
import type { KeyArguments } from './key-arguments.js'
import { KEY_ACCESS, KEY_DELETE, KEY_OW, KEY_RO, KEY_RW, KEY_UPDATE } from './spec.js'

/** SET key value [option ...]: with GET it reads the key as well. */
export function findSetKey(args: Request, from: number, found: KeyArguments): void {
  for (let i = from + 3; i < args.argc; i++) {
    if (!args.is(i, 'get')) continue
    found.add(from + 1, KEY_RW | KEY_ACCESS | KEY_UPDATE)
    return
  }
  found.add(from + 1, KEY_OW | KEY_UPDATE)
}

/** BITFIELD key [operation ...]: with nothing but GET it only reads the key. */
export function findBitfieldKey(args: Request, from: number, found: KeyArguments): void {
  const writes = bitfieldWrites(args, from)
  found.add(from + 1, writes ? KEY_RW | KEY_ACCESS | KEY_UPDATE : KEY_RO | KEY_ACCESS)
}

function bitfieldWrites(args: Request, from: number): boolean {
  for (let i = from + 2; i < args.argc; ) {
    const left = args.argc - i - 1
    if (args.is(i, 'get') && left >= 2) i += 3
    else if (args.is(i, 'overflow') && left >= 1) i += 2
    // SET, INCRBY, or what is no operation: better to take it for a write.
    else return true
  }
  return false
}

/** SORT key [option ...]: the key, and where the last STORE says. What BY and GET name follows from data. */
export function findSortKeys(args: Request, from: number, found: KeyArguments): void {
  found.add(from + 1, KEY_RO | KEY_ACCESS)
  let store = -1
  for (let i = from + 2; i < args.argc; i++) {
    if (args.is(i, 'limit')) i += 2
    else if (args.is(i, 'get') || args.is(i, 'by')) i++
    else if (args.is(i, 'store') && i + 1 < args.argc) store = i + 1
  }
  if (store >= 0) found.add(store, KEY_OW | KEY_UPDATE)
}

/** SORT_RO key [option ...]. */
export function findSortRoKey(_args: Request, from: number, found: KeyArguments): void {
  found.add(from + 1, KEY_RO | KEY_ACCESS)
}

/** MIGRATE host port key db timeout [option ...] [KEYS key ...]: the one key, or "" there and those behind KEYS. */
export function findMigrateKeys(args: Request, from: number, found: KeyArguments): void {
  const flags = KEY_RW | KEY_ACCESS | KEY_DELETE
  for (let i = from + 6; i < args.argc; i++) {
    if (args.is(i, 'auth')) i++
    else if (args.is(i, 'auth2')) i += 2
    else if (args.is(i, 'keys')) {
      if (args.length(from + 3) > 0) return
      for (let key = i + 1; key < args.argc; key++) found.add(key, flags)
      return
    }
  }
  found.add(from + 3, flags)
}
