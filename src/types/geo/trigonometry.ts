/**
 * Sine, cosine and arc sine with the digits of the C library. JavaScript's own are another's in the last bit of two results in a
 * hundred, which shows in what STOREDIST stores. These are rounded correctly but for one result in some thousands, and so are glibc's.
 *
 * An angle is a multiple of 1/64, whose sine and cosine are in a table with some 106 bits, and a rest, for which a few terms of the
 * series are enough; products that count are exact (Dekker, "A floating-point technique for extending the available precision",
 * 1971).
 */

const STEPS = 64
/** Up to these radians; from there to pi a sine is worked out from the other side. */
const TABLE_END = 3
const ENTRIES = TABLE_END * STEPS + 1

/** Splits a double into two halves of 26 bits (Veltkamp). */
const SPLITTER = 2 ** 27 + 1

const HALF_PI = Math.PI / 2
/** What pi/2 has beyond the double. */
const HALF_PI_REST = 6.123233995736766e-17
/** From here on an arc sine is worked out from the other side. */
const STEEP = 0.7

/** For each multiple of the step a sine, and a cosine: a double, what it lacks, its upper 26 bits, and all the rest. */
class Column {
  readonly high = new Float64Array(ENTRIES)
  readonly low = new Float64Array(ENTRIES)
  readonly top = new Float64Array(ENTRIES)
  readonly rest = new Float64Array(ENTRIES)

  set(index: number, fixed: bigint): void {
    const high = fromFixed(fixed)
    const low = fromFixed(fixed - toFixed(high))
    const top = upperHalf(high)
    this.high[index] = high
    this.low[index] = low
    this.top[index] = top
    this.rest[index] = high - top + low
  }
}

// The tables are made with integers of this many bits behind the point.
const FIXED_BITS = 160n
const ONE = 1n << FIXED_BITS
/** A double times this is an integer, if it is not below 2^-100. */
const DOUBLE_SCALE = 2 ** 160

function fromFixed(fixed: bigint): number {
  return Number(fixed) / DOUBLE_SCALE
}

function toFixed(value: number): bigint {
  return BigInt(value * DOUBLE_SCALE)
}

function upperHalf(value: number): number {
  const scaled = value * SPLITTER
  return scaled - (scaled - value)
}

const sines = new Column()
const cosines = new Column()

/** The series of sine (from `degree` 1 on) or cosine (0) at 1 / STEPS. */
function seriesAtStep(degree: number): bigint {
  let term = degree === 0 ? ONE : ONE / BigInt(STEPS)
  let sum = term
  for (let n = degree + 1; term !== 0n; n += 2) {
    term = -term / BigInt(STEPS * STEPS * n * (n + 1))
    sum += term
  }
  return sum
}

/** From each multiple to the next by the angle sum. */
function fillTables(): void {
  const stepSine = seriesAtStep(1)
  const stepCosine = seriesAtStep(0)
  let sine = 0n
  let cosine = ONE
  for (let index = 0; index < ENTRIES; index++) {
    sines.set(index, sine)
    cosines.set(index, cosine)
    const next = (sine * stepCosine + cosine * stepSine) >> FIXED_BITS
    cosine = (cosine * stepCosine - sine * stepSine) >> FIXED_BITS
    sine = next
  }
}
fillTables()

/** The last result, as the sum of two doubles: what is returned, before it is rounded. */
let high = 0
let low = 0

/** Leaves base + slope * rest, with the terms of the series beyond in `beyond`, in high and low. */
function combine(base: Column, slope: Column, sign: number, index: number, rest: number, beyond: number): void {
  const upper = upperHalf(rest)
  const top = sign * slope.top[index]
  const product = top * upper
  const fromBase = base.high[index]
  const sum = fromBase + product
  const given = sum - fromBase
  const lost = fromBase - (sum - given) + (product - given)
  high = sum
  low = lost + (top * (rest - upper) + sign * slope.rest[index] * rest + base.low[index] + beyond)
}

/** sin(rest) - rest, and cos(rest) - 1, of what is less than half a step. */
function sineBeyond(rest: number, square: number): number {
  return rest * square * (-1 / 6 + square * (1 / 120 - square / 5040))
}
function cosineBeyond(square: number): number {
  return square * (-1 / 2 + square * (1 / 24 - square * (1 / 720 - square / 40320)))
}

/** Leaves the sine of an angle from 0 to TABLE_END in high and low. */
function findSine(angle: number): void {
  const index = (angle * STEPS + 0.5) | 0
  const rest = angle - index / STEPS
  const square = rest * rest
  const beyond = cosines.high[index] * sineBeyond(rest, square) + sines.high[index] * cosineBeyond(square)
  combine(sines, cosines, 1, index, rest, beyond)
}

export function sine(radians: number): number {
  const angle = Math.abs(radians)
  // Nothing on a globe is beyond.
  if (!(angle <= Math.PI)) return Math.sin(radians)
  if (angle < TABLE_END) findSine(angle)
  else {
    const left = Math.PI - angle
    findSine(left)
    low += 2 * HALF_PI_REST * Math.cos(left)
  }
  return radians < 0 ? -(high + low) : high + low
}

export function cosine(radians: number): number {
  const angle = Math.abs(radians)
  if (!(angle < TABLE_END)) return Math.cos(radians)
  const index = (angle * STEPS + 0.5) | 0
  const rest = angle - index / STEPS
  const square = rest * rest
  const beyond = cosines.high[index] * cosineBeyond(square) - sines.high[index] * sineBeyond(rest, square)
  combine(cosines, sines, -1, index, rest, beyond)
  return high + low
}

/** The arc sine of a number from 0 to 1; NaN above that. */
export function arcSine(value: number): number {
  if (value <= STEEP) {
    const angle = Math.asin(value)
    return angle + lacking(angle, value, 0)
  }
  if (value >= 1) return value === 1 ? HALF_PI : Number.NaN
  // asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2))
  const square = (1 - value) / 2
  const root = Math.sqrt(square)
  const upper = upperHalf(root)
  const lower = root - upper
  const rootRest = (square - upper * upper - 2 * upper * lower - lower * lower) / (2 * root)
  const angle = Math.asin(root)
  const twice = 2 * angle
  const rest = HALF_PI - twice
  const lost = HALF_PI - rest - twice
  return rest + (lost + HALF_PI_REST - 2 * lacking(angle, root, rootRest))
}

/** What an angle lacks whose sine should be value + valueRest (a step of Newton's). */
function lacking(angle: number, value: number, valueRest: number): number {
  findSine(angle)
  return (value - high + (valueRest - low)) / Math.cos(angle)
}
