/**
 * The decimal digits of a double: Grisu2 (Loitsch, "Printing floating-point numbers quickly and accurately with integers", 2010),
 * in the variant that Redis 7.2 uses (fpconv). The digits read back as the same double, and are the fewest that do so, but for one
 * double in a thousand: these are why the shortest digits that JavaScript prints would not do.
 *
 * Its 64-bit integers are pairs of halves here, which JavaScript adds and compares exactly, with no BigInt.
 */

/** Digits of a double at most. */
export const MOST_DIGITS = 18

/** What grisuDigits() has found, as ASCII. */
export const grisu = { digits: new Uint8Array(MOST_DIGITS), count: 0, exponent: 0 }

const TWO_16 = 65536
const TWO_21 = 2097152
const TWO_31 = 2147483648
const TWO_32 = 4294967296
const TWO_52 = 4503599627370496
const ZERO = 48
const EXPONENT_BIAS = 1075
/** Powers of ten, a step of eight apart, from the least that any double needs. */
const FIRST_POWER = -348
const POWER_STEP = 8
const POWERS = 87
/** Where the binary exponent of a product has to lie: its integer part has 4 to 32 bits then. */
const LEAST_EXPONENT = -60
const MOST_EXPONENT = -32
const LOG10_OF_2 = 0.30102999566398114

const powerHigh = new Uint32Array(POWERS)
const powerLow = new Uint32Array(POWERS)
const powerExponent = new Int32Array(POWERS)

/** 10^(FIRST_POWER + index * POWER_STEP) as a 64-bit integer whose top bit is set, times a power of two. */
function fillPower(index: number): void {
  const power = FIRST_POWER + index * POWER_STEP
  // With 128 bits more than needed the quotient is as good as exact: no power of ten lies that near to a half.
  const numerator = power >= 0 ? 10n ** BigInt(power) : 1n << BigInt(4 * -power + 128)
  const whole = power >= 0 ? numerator : numerator / 10n ** BigInt(-power)
  const bits = whole.toString(2).length
  const shift = bits - 64
  let rounded = shift <= 0 ? whole << BigInt(-shift) : (whole + (1n << BigInt(shift - 1))) >> BigInt(shift)
  let exponent = shift - (power >= 0 ? 0 : 4 * -power + 128)
  if (rounded === 1n << 64n) {
    rounded >>= 1n
    exponent++
  }
  powerHigh[index] = Number(rounded >> 32n)
  powerLow[index] = Number(rounded & 0xffffffffn)
  powerExponent[index] = exponent
}
for (let index = 0; index < POWERS; index++) fillPower(index)

const scratch = new Float64Array(1)
const halves = new Uint32Array(scratch.buffer)
const LOW = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1

/** High and low half of the last product(). */
let high = 0
let low = 0

/** What is left of the number, how far it may be off, and how far the number itself lies from the upper bound: (high, low) each. */
let restHigh = 0
let restLow = 0
let deltaHigh = 0
let deltaLow = 0
let offsetHigh = 0
let offsetLow = 0

/** Leaves the digits of a double above 0 in `grisu`: it is digits times 10^exponent. */
export function grisuDigits(value: number): void {
  scratch[0] = value
  const biased = (halves[1 - LOW] >>> 20) & 0x7ff
  let fraction = (halves[1 - LOW] & 0xfffff) * TWO_32 + halves[LOW]
  let exponent = (biased === 0 ? 1 : biased) - EXPONENT_BIAS
  // Below a power of two, the next lower double is only half as far away as the next higher one.
  const lowerIsNearer = biased !== 0 && fraction === 0
  if (biased !== 0) fraction += TWO_52
  // Half the distance to the next double, in the scale of the 64 bits.
  let halfStep = 1024
  while (fraction < TWO_52) {
    fraction *= 2
    halfStep *= 2
    exponent--
  }
  exponent -= 11
  const valueHigh = Math.floor(fraction / TWO_21)
  const valueLow = (fraction % TWO_21) * 2048
  const stepHigh = Math.floor(halfStep / TWO_32)
  const stepLow = halfStep % TWO_32

  const index = powerFor(exponent)
  const carry = valueLow + stepLow >= TWO_32 ? 1 : 0
  product(valueHigh + stepHigh + carry, valueLow + stepLow - carry * TWO_32, index)
  // One less, lest the bounds reach what rounds to another double.
  const upperHigh = low === 0 ? high - 1 : high
  const upperLow = low === 0 ? TWO_32 - 1 : low - 1

  const belowHigh = lowerIsNearer ? 0 : stepHigh
  const belowLow = lowerIsNearer ? halfStep / 2 : stepLow
  const borrow = valueLow < belowLow ? 1 : 0
  product(valueHigh - belowHigh - borrow, valueLow - belowLow + borrow * TWO_32, index)
  const lowerHigh = low === TWO_32 - 1 ? high + 1 : high
  const lowerLow = low === TWO_32 - 1 ? 0 : low + 1

  product(valueHigh, valueLow, index)
  offsetLow = upperLow - low
  offsetHigh = upperHigh - high
  if (offsetLow < 0) {
    offsetLow += TWO_32
    offsetHigh--
  }
  deltaLow = upperLow - lowerLow
  deltaHigh = upperHigh - lowerHigh
  if (deltaLow < 0) {
    deltaLow += TWO_32
    deltaHigh--
  }
  grisu.exponent = -(FIRST_POWER + index * POWER_STEP)
  // The point lies so many bits from the right.
  generate(upperHigh, upperLow, -(exponent + powerExponent[index] + 64))
}

/** The power of ten that brings a number with this binary exponent into the range where digits are made. */
function powerFor(exponent: number): number {
  let index = Math.trunc((Math.trunc(-(exponent + POWERS) * LOG10_OF_2) - FIRST_POWER) / POWER_STEP)
  for (;;) {
    const binary = exponent + powerExponent[index] + 64
    if (binary < LEAST_EXPONENT) index++
    else if (binary > MOST_EXPONENT) index--
    else return index
  }
}

/** The upper 64 of the 128 bits of a product with a power, rounded. */
function product(aHigh: number, aLow: number, index: number): void {
  const bHigh = powerHigh[index]
  const bLow = powerLow[index]
  multiply(aLow, bLow)
  const lowest = high
  multiply(aHigh, bLow)
  const firstHigh = high
  const firstLow = low
  multiply(aLow, bHigh)
  const carry = Math.floor((firstLow + low + lowest + TWO_31) / TWO_32)
  const middle = firstHigh + high + carry
  multiply(aHigh, bHigh)
  const sum = low + middle
  const over = Math.floor(sum / TWO_32)
  high += over
  low = sum - over * TWO_32
}

/** The product of two unsigned 32-bit integers. */
function multiply(a: number, b: number): void {
  const bottom = a * (b & 0xffff)
  const bottomHigh = Math.floor(bottom / TWO_16)
  const top = a * (b >>> 16) + bottomHigh
  high = Math.floor(top / TWO_16)
  low = (top - high * TWO_16) * TWO_16 + bottom - bottomHigh * TWO_16
}

/** Digits of (high, low) / 2^point, until what is left is within delta. */
function generate(upperHigh: number, upperLow: number, point: number): void {
  const unit = 2 ** (point - 32)
  let whole = Math.floor(upperHigh / unit)
  restHigh = upperHigh - whole * unit
  restLow = upperLow
  let count = 0
  let power = 10
  for (let divisor = 1_000_000_000; power > 0; divisor /= 10) {
    const digit = Math.floor(whole / divisor)
    if (digit !== 0 || count !== 0) grisu.digits[count++] = ZERO + digit
    whole -= digit * divisor
    power--
    const leftHigh = whole * unit + restHigh
    if (leftHigh < deltaHigh || (leftHigh === deltaHigh && restLow <= deltaLow)) {
      restHigh = leftHigh
      grisu.count = count
      grisu.exponent += power
      round(divisor * unit)
      return
    }
  }
  for (;;) {
    restLow *= 10
    const carry = Math.floor(restLow / TWO_32)
    restLow -= carry * TWO_32
    restHigh = restHigh * 10 + carry
    const digit = Math.floor(restHigh / unit)
    restHigh -= digit * unit
    if (digit !== 0 || count !== 0) grisu.digits[count++] = ZERO + digit
    power--
    deltaLow *= 10
    const deltaCarry = Math.floor(deltaLow / TWO_32)
    deltaLow -= deltaCarry * TWO_32
    deltaHigh = deltaHigh * 10 + deltaCarry
    offsetLow *= 10
    const offsetCarry = Math.floor(offsetLow / TWO_32)
    offsetLow -= offsetCarry * TWO_32
    offsetHigh = offsetHigh * 10 + offsetCarry
    if (restHigh < deltaHigh || (restHigh === deltaHigh && restLow < deltaLow)) {
      grisu.count = count
      grisu.exponent += power
      round(unit)
      return
    }
  }
}

/** Lowers the last digit, of which one is stepHigh * 2^32, while that brings the digits nearer to the number. */
function round(stepHigh: number): void {
  const { digits, count } = grisu
  while (isLess(restHigh, restLow, offsetHigh, offsetLow)) {
    const borrow = deltaLow < restLow ? 1 : 0
    if (deltaHigh - restHigh - borrow < stepHigh) return
    const nextHigh = restHigh + stepHigh
    // Beyond the number: only if that is not as far from it as now.
    if (!isLess(nextHigh, restLow, offsetHigh, offsetLow) && !isNearer(nextHigh)) return
    digits[count - 1]--
    restHigh = nextHigh
  }
}

/** Whether (nextHigh, restLow), above offset, is nearer to it than rest, below it. */
function isNearer(nextHigh: number): boolean {
  const borrow = offsetLow < restLow ? 1 : 0
  const nowLow = offsetLow - restLow + borrow * TWO_32
  const nowHigh = offsetHigh - restHigh - borrow
  const nextBorrow = restLow < offsetLow ? 1 : 0
  const thenLow = restLow - offsetLow + nextBorrow * TWO_32
  const thenHigh = nextHigh - offsetHigh - nextBorrow
  return isLess(thenHigh, thenLow, nowHigh, nowLow)
}

function isLess(aHigh: number, aLow: number, bHigh: number, bLow: number): boolean {
  return aHigh < bHigh || (aHigh === bHigh && aLow < bLow)
}
