/** Reads strings from RDB bytes. */

import type { KeyReader } from '../../rdb/key-reader.js'
import { SHORT, StringReader } from '../../rdb/string-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import { INLINE_VALUE_MAX_BYTES } from '../../store/entries.js'
import { LEFT_OUT, TWICE, type ValueReader, type ValueTarget } from '../value-reader.js'
import { setBuffer, setInteger, setString } from './set-string.js'

export class StringValueReader implements ValueReader {
  readonly inPieces = false
  readonly isBusy = false
  readonly missing = ''
  private readonly window: RdbWindow
  private readonly keys: KeyReader
  private readonly target: ValueTarget
  private readonly value = new StringReader()

  constructor(window: RdbWindow, keys: KeyReader, target: ValueTarget) {
    this.window = window
    this.keys = keys
    this.target = target
  }

  read(_type: number, bytes: Buffer, at: number, end: number): number {
    const { target, value, window } = this
    const next = window.find(value, bytes, at, end)
    if (next === SHORT) return SHORT
    const key = this.keys.take(bytes)
    if (next < 0) return window.failIn(key, value.at, value.expected, value.found)
    if (!value.isInteger && !value.decode(bytes)) window.failIn(key, value.at, value.expected, value.found)
    const claim = target.claim(key)
    if (claim === TWICE) window.failDuplicate(key, at)
    if (claim === LEFT_OUT) return next
    const { database } = target
    const { bytes: name, start, end: nameEnd, expiryMs } = key
    let address: number
    if (value.isInteger) address = setInteger(database, 0, name, start, nameEnd, value.integerValue, expiryMs)
    else if (value.own && value.end - value.start > INLINE_VALUE_MAX_BYTES) {
      address = setBuffer(database, 0, name, start, nameEnd, value.bytes, expiryMs)
    } else {
      address = setString(database, 0, name, start, nameEnd, value.bytes, value.start, value.end, expiryMs)
    }
    target.loaded(address, key)
    return next
  }

  readPiece(_bytes: Buffer, at: number): number {
    return at
  }

  work(): void {}
}
