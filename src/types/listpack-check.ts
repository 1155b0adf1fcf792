/** Whether bytes from outside may be a value's listpack (lpValidateIntegrityAndDups in Redis's rdb.c). */
import { latin1 } from '../bytes/latin1.js'
import { lpFirst, lpNext } from '../store/listpack/listpack.js'
import { lpValidate } from '../store/listpack/listpack-validate.js'
import { ByteRange } from './byte-range.js'
import type { ElementSink } from './element-sink.js'

/** 'twice': of names that have to be distinct, one is not. */
export type ListpackFlaw = 'damaged' | 'twice'

/**
 * What keeps buffer[start, start + size) from being a sound listpack of elements that the sink may be given; null: nothing. An empty
 * one passes: it is no value, but no damage either. O(n); for short ones.
 */
export function listpackFlaw(
  sink: Pick<ElementSink, 'distinct' | 'isValid' | 'stride'>,
  buffer: Buffer,
  start: number,
  size: number,
): ListpackFlaw | null {
  const { distinct, stride } = sink
  if (!lpValidate(buffer, start, size, true)) return 'damaged'
  const names = new Set<string>()
  const range = new ByteRange()
  for (let pos = lpFirst(buffer, start); pos >= 0; pos = lpNext(buffer, start, pos)) {
    if (distinct) {
      range.readListpack(buffer, pos)
      const name = latin1(range.buffer, range.start, range.end)
      if (names.has(name)) return 'twice'
      names.add(name)
    }
    if (stride === 1) continue
    pos = lpNext(buffer, start, pos)
    if (pos < 0) return 'damaged'
    range.readListpack(buffer, pos)
    if (!sink.isValid(range.buffer, range.start, range.end)) return 'damaged'
  }
  return null
}
