/** What TYPE and OBJECT ENCODING call a value. */
import { type Entries, TYPE_HASH, TYPE_STRING } from '../store/entries.js'
import { hashEncodingName } from './hash/hash.js'
import { stringEncodingName } from './string/string.js'

/** By type number. */
const TYPE_NAMES: readonly string[] = ['string', 'list', 'set', 'zset', 'hash']

/** TYPE's reply for one of the TYPE_ constants. */
export function typeName(type: number): string {
  return TYPE_NAMES[type]
}

/** OBJECT ENCODING's reply for the value of an entry. */
export function encodingName(entries: Entries, address: number): string {
  switch (entries.type(address)) {
    case TYPE_STRING:
      return stringEncodingName(entries, address)
    case TYPE_HASH:
      return hashEncodingName(entries, address)
    default:
      return 'unknown'
  }
}
