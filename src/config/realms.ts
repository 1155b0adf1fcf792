/**
 * Whether something is an error, of whichever realm: a program that runs this library in a sandbox of `node:vm`, as Jest does,
 * has its own Error and RangeError there, while those that Node's modules throw are of the realm outside. `instanceof` takes
 * the one for no kind of the other.
 */
import { types } from 'node:util'

export function isError(error: unknown): error is Error {
  return types.isNativeError(error)
}

export function isRangeError(error: unknown): error is RangeError {
  return types.isNativeError(error) && error.name === 'RangeError'
}
