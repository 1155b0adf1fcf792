/** Finds a text in another one, sixteen places at a time. */
import { State } from '../lua.as'
import { isSame } from './patterns.as'
import { spend, spendBytes } from './steps.as'

const LANES: usize = 16

/** The place of the first occurrence from `start` on, or 0. */
export function findText(L: State, start: usize, length: usize, text: usize, textLength: usize): usize {
  if (textLength === 0) return start
  if (textLength > length) return 0
  /** No occurrence begins here or behind. */
  const end = start + length - textLength + 1
  const span = textLength - 1
  let at = start
  // Where both the first and the last byte are right, the rest is worth a look.
  const first = i8x16.splat(load<u8>(text))
  const last = i8x16.splat(load<u8>(text + span))
  for (; at + LANES <= end; at += LANES) {
    const isFirst = i8x16.eq(v128.load(at), first)
    const isLast = i8x16.eq(v128.load(at + span), last)
    let places = <u32>i8x16.bitmask(v128.and(isFirst, isLast))
    spend(L, 1)
    for (; places !== 0; places &= places - 1) {
      const place = at + ctz<u32>(places)
      if (isThere(L, place, text, textLength)) return place
    }
  }
  for (; at < end; at++) {
    if (load<u8>(at) === load<u8>(text) && isThere(L, at, text, textLength)) return at
  }
  return 0
}

function isThere(L: State, place: usize, text: usize, length: usize): bool {
  // Long texts that begin and end alike may take the square of their length.
  spendBytes(L, length)
  return isSame(place, text, length)
}
