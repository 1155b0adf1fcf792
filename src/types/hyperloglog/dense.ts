/** The dense encoding: 16384 registers of 6 bits one behind another, from the lowest bit of each byte up. `at` is where they begin. */
import { type Histogram, LANE } from './histogram.js'
import { REGISTER_BYTES, REGISTER_MAX, REGISTERS } from './layout.js'

/** Registers that share three bytes. */
const GROUP = 4
const GROUP_BYTES = 3
/** Higher up in its byte, a register goes on in the next one. */
const WHOLE_MAX_SHIFT = 2

export function getRegister(bytes: Uint8Array, at: number, index: number): number {
  const byte = at + ((index * 3) >>> 2)
  const shift = (index * 6) & 7
  const bits = bytes[byte] >>> shift
  return (shift > WHOLE_MAX_SHIFT ? bits | (bytes[byte + 1] << (8 - shift)) : bits) & REGISTER_MAX
}

export function setRegister(bytes: Uint8Array, at: number, index: number, value: number): void {
  const byte = at + ((index * 3) >>> 2)
  const shift = (index * 6) & 7
  bytes[byte] = (bytes[byte] & ~(REGISTER_MAX << shift)) | (value << shift)
  if (shift <= WHOLE_MAX_SHIFT) return
  bytes[byte + 1] = (bytes[byte + 1] & ~(REGISTER_MAX >>> (8 - shift))) | (value >>> (8 - shift))
}

/** Counts the registers by their values. */
export function countDense(bytes: Buffer, at: number, histogram: Histogram): void {
  const words = new DataView(bytes.buffer, bytes.byteOffset + at, REGISTER_BYTES)
  for (let i = 0; i < REGISTER_BYTES; i += 12) {
    const low = words.getInt32(i, true)
    const middle = words.getInt32(i + 4, true)
    const high = words.getInt32(i + 8, true)
    countGroup(low, histogram)
    countGroup((low >>> 24) | (middle << 8), histogram)
    countGroup((middle >>> 16) | (high << 16), histogram)
    countGroup(high >>> 8, histogram)
  }
}

/** Counts the four registers in the lower 24 bits. */
function countGroup(group: number, histogram: Histogram): void {
  histogram[group & 63]++
  histogram[LANE + ((group >>> 6) & 63)]++
  histogram[2 * LANE + ((group >>> 12) & 63)]++
  histogram[3 * LANE + ((group >>> 18) & 63)]++
}

/** Writes one byte a register as dense registers. */
export function packRegisters(registers: Uint8Array, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < REGISTERS; i += GROUP, at += GROUP_BYTES) {
    const group = registers[i] | (registers[i + 1] << 6) | (registers[i + 2] << 12) | (registers[i + 3] << 18)
    bytes[at] = group
    bytes[at + 1] = group >>> 8
    bytes[at + 2] = group >>> 16
  }
}

/** Raises registers, of which each byte of a word is one, to the dense ones where those are higher. */
export function raiseToDense(registers: Int32Array, bytes: Buffer, at: number): void {
  const words = new DataView(bytes.buffer, bytes.byteOffset + at, REGISTER_BYTES)
  for (let i = 0, word = 0; i < REGISTER_BYTES; i += 12, word += 4) {
    const low = words.getInt32(i, true)
    const middle = words.getInt32(i + 4, true)
    const high = words.getInt32(i + 8, true)
    registers[word] = higher(registers[word], low)
    registers[word + 1] = higher(registers[word + 1], (low >>> 24) | (middle << 8))
    registers[word + 2] = higher(registers[word + 2], (middle >>> 16) | (high << 16))
    registers[word + 3] = higher(registers[word + 3], high >>> 8)
  }
}

/**
 * The higher ones of four registers, a byte each, and of the four in the lower 24 bits of `group`. A register leaves the two highest
 * bits of its byte free, so that one subtraction compares each with its own.
 */
function higher(own: number, group: number): number {
  const others = (group & 0x3f) | ((group & 0xfc0) << 2) | ((group & 0x3f000) << 4) | ((group & 0xfc0000) << 6)
  const atLeast = ((others | 0x80808080) - own) & 0x80808080
  const taken = atLeast - (atLeast >>> 7)
  return (others & taken) | (own & ~taken)
}
