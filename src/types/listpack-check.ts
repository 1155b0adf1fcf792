/** Whether bytes from outside may be a value's listpack (lpValidateIntegrityAndDups in Redis's rdb.c). */
import { latin1 } from '../bytes/latin1.js'
import { lpFirst, lpNext } from '../store/listpack/listpack.js'
import { lpValidate } from '../store/listpack/listpack-validate.js'
import { ByteRange } from './byte-range.js'
import type { ElementSink } from './element-sink.js'

/**
 * Whether buffer[start, start + size) is a sound listpack of elements that the sink may be given. An empty one passes: it is no
 * value, but no damage either. O(n); for short ones.
 */
export function isSoundListpack(
  sink: Pick<ElementSink, 'distinct' | 'isValid' | 'stride'>,
  buffer: Buffer,
  start: number,
  size: number,
): boolean {
  const { distinct, stride } = sink
  if (!lpValidate(buffer, start, size, true)) return false
  const names = new Set<string>()
  const range = new ByteRange()
  for (let pos = lpFirst(buffer, start); pos >= 0; pos = lpNext(buffer, start, pos)) {
    if (distinct) {
      range.readListpack(buffer, pos)
      const name = latin1(range.buffer, range.start, range.end)
      if (names.has(name)) return false
      names.add(name)
    }
    if (stride === 1) continue
    pos = lpNext(buffer, start, pos)
    if (pos < 0) return false
    range.readListpack(buffer, pos)
    if (!sink.isValid(range.buffer, range.start, range.end)) return false
  }
  return true
}
