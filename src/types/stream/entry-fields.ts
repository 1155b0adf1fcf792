/** The fields and values of a stream's entry. */
import { lpEntrySize } from '../../store/listpack/listpack.js'
import type { ByteRange } from '../byte-range.js'
import type { NodeEntries } from './node-entries.js'

/** Shows each field and each value of the entry in turn, in `text`, and calls `visit`. */
export function readFields(entry: NodeEntries, text: ByteRange, visit: () => void): void {
  const { fields, listpack, sharesFields } = entry
  const { buffer } = listpack
  let fieldPos = sharesFields ? entry.masterFieldsPos : 0
  let pos = entry.fieldsPos
  for (let i = 0; i < fields; i++) {
    if (sharesFields) {
      text.readListpack(buffer, fieldPos)
      fieldPos += lpEntrySize(buffer, fieldPos)
    } else {
      text.readListpack(buffer, pos)
      pos += lpEntrySize(buffer, pos)
    }
    visit()
    text.readListpack(buffer, pos)
    pos += lpEntrySize(buffer, pos)
    visit()
  }
}
