/** A naive encoder of listpacks over arrays of strings, to hold the real one against. Strings are latin1: one byte each. */

const INT64_MIN = -(1n << 63n)
const INT64_MAX = (1n << 63n) - 1n

/** The listpack of these elements, as listpack.c builds it by appending them one by one. */
export function referenceListpack(elements: readonly string[]): Buffer {
  const entries = Buffer.concat(elements.map(referenceEntry))
  const header = Buffer.alloc(6)
  header.writeUInt32LE(6 + entries.length + 1, 0)
  header.writeUInt16LE(Math.min(elements.length, 65535), 4)
  return Buffer.concat([header, entries, Buffer.of(0xff)])
}

export function referenceEntry(text: string): Buffer {
  const data = isInt64(text) ? integerData(BigInt(text)) : stringData(Buffer.from(text, 'latin1'))
  return Buffer.concat([data, backlen(data.length)])
}

function isInt64(text: string): boolean {
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return false
  const value = BigInt(text)
  return value >= INT64_MIN && value <= INT64_MAX
}

function integerData(value: bigint): Buffer {
  if (value >= 0n && value <= 127n) return Buffer.of(Number(value))
  const unsigned = (bits: number) => BigInt.asUintN(bits, value)
  const fits = (bits: number) => BigInt.asIntN(bits, value) === value
  if (fits(13)) return Buffer.of(0xc0 | Number(unsigned(13) >> 8n), Number(unsigned(8)))
  const bits = [16, 24, 32, 64].find(fits) ?? 64
  const bytes = Array.from({ length: bits / 8 }, (_, i) => Number((unsigned(bits) >> BigInt(8 * i)) & 0xffn))
  return Buffer.of(bits === 64 ? 0xf4 : 0xf1 + bits / 8 - 2, ...bytes)
}

function stringData(bytes: Buffer): Buffer {
  const length = bytes.length
  if (length < 64) return Buffer.concat([Buffer.of(0x80 | length), bytes])
  if (length < 4096) return Buffer.concat([Buffer.of(0xe0 | (length >> 8), length & 0xff), bytes])
  const header = Buffer.of(0xf0, 0, 0, 0, 0)
  header.writeUInt32LE(length, 1)
  return Buffer.concat([header, bytes])
}

function backlen(size: number): Buffer {
  const count = size <= 127 ? 1 : size < 16383 ? 2 : size < 2097151 ? 3 : 4
  return Buffer.from(
    Array.from({ length: count }, (_, i) => ((size >> (7 * (count - 1 - i))) & 127) | (i === 0 ? 0 : 128)),
  )
}
