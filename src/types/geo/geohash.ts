/**
 * Geohashes: positions on the globe as integers of 52 bits, which are a geo set's scores. Longitude and latitude are each cut in halves
 * 26 times; the bits that say which half take turns, the longitude's first. Positions near to each other mostly share their first
 * bits, so areas are ranges of scores. A double holds such an integer; bits are dealt with in halves of 32.
 * Source of behaviour: geohash.c and geo.c of Redis.
 */

export const LONGITUDE_MAX = 180
/** Limits of the web's Mercator projection (EPSG:3857): the poles have no geohash. */
export const LATITUDE_MAX = 85.05112878
const LONGITUDE_RANGE = LONGITUDE_MAX * 2
const LATITUDE_RANGE = LATITUDE_MAX * 2

/** How often each coordinate is halved at most. */
export const MOST_STEPS = 26
const CELLS = 2 ** MOST_STEPS
const TWO_TO_32 = 2 ** 32
const TWO_TO_63 = 2 ** 63
const TWO_TO_64 = 2 ** 64
const SCORE_BITS = 2 * MOST_STEPS

/** Geohashes as the rest of the world has them: of latitudes from pole to pole, five bits a character. */
const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz'
const POLE_LATITUDE = 90
const CHARACTERS = 10
const CHARACTER_BITS = 5

/** The cell, of 2 ** steps, that a longitude falls into; the easternmost one of all lies behind the last. */
export function longitudeCell(longitude: number, steps: number): number {
  return Math.trunc(((longitude + LONGITUDE_MAX) / LONGITUDE_RANGE) * 2 ** steps)
}

/** As longitudeCell(), from south to north. */
export function latitudeCell(latitude: number, steps: number): number {
  return Math.trunc(((latitude + LATITUDE_MAX) / LATITUDE_RANGE) * 2 ** steps)
}

/** Western border of a cell. */
export function longitudeOfCell(cell: number, steps: number): number {
  return -LONGITUDE_MAX + (cell / 2 ** steps) * LONGITUDE_RANGE
}

/** Southern border of a cell. */
export function latitudeOfCell(cell: number, steps: number): number {
  return -LATITUDE_MAX + (cell / 2 ** steps) * LATITUDE_RANGE
}

/** Puts a zero before each of 16 bits. */
function spread(bits: number): number {
  bits = (bits | (bits << 8)) & 0x00ff00ff
  bits = (bits | (bits << 4)) & 0x0f0f0f0f
  bits = (bits | (bits << 2)) & 0x33333333
  return (bits | (bits << 1)) & 0x55555555
}

/** Every other of 32 bits, from the last one on. */
function squeeze(bits: number): number {
  bits &= 0x55555555
  bits = (bits | (bits >>> 1)) & 0x33333333
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f
  bits = (bits | (bits >>> 4)) & 0x00ff00ff
  return (bits | (bits >>> 8)) & 0xffff
}

/** The upper and the lower 32 bits of two cells' interleaved numbers. */
function upperBits(longitude: number, latitude: number): number {
  return ((spread(longitude >>> 16) << 1) | spread(latitude >>> 16)) >>> 0
}
function lowerBits(longitude: number, latitude: number): number {
  return ((spread(longitude & 0xffff) << 1) | spread(latitude & 0xffff)) >>> 0
}

/** The lowest score of an area, a cell of each coordinate. */
export function leastScore(longitude: number, latitude: number, steps: number): number {
  const bits = upperBits(longitude, latitude) * TWO_TO_32 + lowerBits(longitude, latitude)
  return bits * 2 ** (SCORE_BITS - 2 * steps)
}

/** What all scores of an area lie below. */
export function scoreBehind(longitude: number, latitude: number, steps: number): number {
  const bits = upperBits(longitude, latitude) * TWO_TO_32 + (lowerBits(longitude, latitude) + 1)
  return bits * 2 ** (SCORE_BITS - 2 * steps)
}

/** The score of a position. */
export function scoreOf(longitude: number, latitude: number): number {
  return leastScore(longitudeCell(longitude, MOST_STEPS), latitudeCell(latitude, MOST_STEPS), MOST_STEPS)
}

/** The text of the same score, which may have 54 bits at the eastern border: more than a double holds. */
export function scoreTextOf(longitude: number, latitude: number): string {
  const score = scoreOf(longitude, latitude)
  if (Number.isSafeInteger(score)) return String(score)
  const eastern = longitudeCell(longitude, MOST_STEPS)
  const northern = latitudeCell(latitude, MOST_STEPS)
  return String(BigInt(upperBits(eastern, northern)) * BigInt(TWO_TO_32) + BigInt(lowerBits(eastern, northern)))
}

/** The upper 32 of the 64 bits that a C program on x86 makes of any score: no position of its own, but Redis has one for it. */
function upperHalf(score: number): number {
  if (score >= TWO_TO_64) return 0
  if (score < -TWO_TO_63) return 0x80000000
  return Math.floor(Math.trunc(score) / TWO_TO_32) >>> 0
}
function lowerHalf(score: number): number {
  return score >= TWO_TO_64 || score < -TWO_TO_63 ? 0 : score >>> 0
}

/** The longitude that a score stands for: the middle of its cell. */
export function longitudeOf(score: number): number {
  const cell = ((squeeze(upperHalf(score) >>> 1) << 16) | squeeze(lowerHalf(score) >>> 1)) >>> 0
  const west = -LONGITUDE_MAX + (cell / CELLS) * LONGITUDE_RANGE
  const east = -LONGITUDE_MAX + (((cell + 1) >>> 0) / CELLS) * LONGITUDE_RANGE
  return Math.max(-LONGITUDE_MAX, Math.min(LONGITUDE_MAX, (west + east) / 2))
}

/** The latitude that a score stands for. */
export function latitudeOf(score: number): number {
  const cell = ((squeeze(upperHalf(score)) << 16) | squeeze(lowerHalf(score))) >>> 0
  const south = -LATITUDE_MAX + (cell / CELLS) * LATITUDE_RANGE
  const north = -LATITUDE_MAX + (((cell + 1) >>> 0) / CELLS) * LATITUDE_RANGE
  return Math.max(-LATITUDE_MAX, Math.min(LATITUDE_MAX, (south + north) / 2))
}

/** The position of a score as a geohash of eleven characters; the last would have bits that there are none of, and is 0. */
export function geohashText(score: number): string {
  const longitude = longitudeCell(longitudeOf(score), MOST_STEPS)
  const latitude = Math.trunc(((latitudeOf(score) + POLE_LATITUDE) / (POLE_LATITUDE * 2)) * CELLS)
  const bits = leastScore(longitude, latitude, MOST_STEPS)
  let text = ''
  for (let i = 1; i <= CHARACTERS; i++) {
    text += ALPHABET[Math.floor(bits / 2 ** (SCORE_BITS - i * CHARACTER_BITS)) % ALPHABET.length]
  }
  return `${text}0`
}
