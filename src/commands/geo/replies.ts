/** Positions and distances as replies. */
import { FIXED_TEXT_BYTES, writeDecimals, writeFixed4 } from '../../bytes/floats/fixed-text.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { latitudeOf, longitudeOf } from '../../types/geo/geohash.js'

const text = Buffer.alloc(FIXED_TEXT_BYTES)

/** Writes the longitude and the latitude that a score stands for. */
export function writePosition(out: ReplyWriter, score: number): void {
  out.array(2)
  out.doubleBytes(text, 0, writeDecimals(text, 0, longitudeOf(score)))
  out.doubleBytes(text, 0, writeDecimals(text, 0, latitudeOf(score)))
}

/** Writes a distance, in RESP3 too, as a string. */
export function writeDistance(out: ReplyWriter, distance: number): void {
  out.bulk(text, 0, writeFixed4(text, 0, distance))
}
