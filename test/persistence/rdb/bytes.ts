/** RDB bytes by hand, for tests: written without the code under test, but for the checksum. */
import { Crc64 } from '../../../src/bytes/crc64.js'
import { lzfCompress } from '../../../src/bytes/lzf.js'
import { RdbReader, type RdbReaderOptions } from '../../../src/persistence/rdb/reader.js'
import type { RdbKey, RdbTarget } from '../../../src/persistence/rdb/target.js'
import { lpBytes, lpCopyText, lpFirst, lpNext, lpTextLength } from '../../../src/store/listpack/listpack.js'

export type Part = Buffer | number | string

/** Buffers, bytes, and latin1 text, one after the other. */
export function cat(...parts: Part[]): Buffer {
  return Buffer.concat(
    parts.map(part => {
      if (typeof part === 'number') return Buffer.of(part)
      return typeof part === 'string' ? Buffer.from(part, 'latin1') : part
    }),
  )
}

export function length(value: number): Buffer {
  if (value < 64) return Buffer.of(value)
  if (value < 16384) return Buffer.of(0x40 | (value >> 8), value & 255)
  const bytes = Buffer.of(0x80, 0, 0, 0, 0)
  bytes.writeUInt32BE(value, 1)
  return bytes
}

export function length64(value: bigint): Buffer {
  const bytes = Buffer.alloc(9, 0x81)
  bytes.writeBigUInt64BE(value, 1)
  return bytes
}

export function str(content: Buffer | string): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content
  return cat(length(bytes.length), bytes)
}

export function lzf(content: Buffer | string): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content
  const packed = Buffer.alloc(bytes.length * 2 + 16)
  const size = lzfCompress(bytes, 0, bytes.length, packed)
  return cat(0xc3, length(size), length(bytes.length), packed.subarray(0, size))
}

export function expiryMs(value: number): Buffer {
  const bytes = Buffer.alloc(9, 0xfc)
  bytes.writeBigInt64LE(BigInt(value), 1)
  return bytes
}

/** A whole file of these items, with header, EOF and (from version 5 on) checksum. */
export function file(version: number, ...items: Part[]): Buffer {
  const body = cat(`REDIS${String(version).padStart(4, '0')}`, ...items, 0xff)
  if (version < 5) return body
  const checksum = Buffer.alloc(8)
  const crc = new Crc64()
  crc.update(body, 0, body.length)
  crc.writeTo(checksum, 0)
  return cat(body, checksum)
}

/** Notes everything it is told, as text; keys that come twice are refused. */
export class RecordingTarget implements RdbTarget {
  readonly events: string[] = []
  private database = 0
  private readonly seen = new Set<string>()
  private fields = new Set<string>()

  aux(name: string, value: string): void {
    this.events.push(`aux ${name}=${value}`)
  }
  keysAhead(): void {}

  warn(message: string): void {
    this.events.push(`warn ${message}`)
  }
  selectDatabase(index: number): boolean {
    this.database = index
    this.events.push(`select ${index}`)
    return index < 16
  }
  resizeDatabase(keys: number, expires: number): void {
    this.events.push(`resize ${keys} ${expires}`)
  }
  string(key: RdbKey, value: Buffer, start: number, end: number, _own: boolean): boolean {
    return this.key('string', key, value.toString('latin1', start, end))
  }
  integer(key: RdbKey, value: number): boolean {
    return this.key('integer', key, String(value))
  }
  takesListpack(): boolean {
    return true
  }
  hashListpack(key: RdbKey, listpack: Buffer, start: number, _own: boolean): boolean {
    const elements: string[] = []
    for (let pos = lpFirst(listpack, start); pos >= 0; pos = lpNext(listpack, start, pos)) {
      const text = Buffer.alloc(lpTextLength(listpack, pos))
      lpCopyText(listpack, pos, text, 0)
      elements.push(text.toString('latin1'))
    }
    return this.key('listpack', key, `${lpBytes(listpack, start)} bytes ${elements.join(' ')}`)
  }
  hashBegin(key: RdbKey, fields: number): boolean {
    this.fields = new Set()
    return this.key('hash', key, String(fields))
  }
  hashField(field: Buffer, fStart: number, fEnd: number, value: Buffer, vStart: number, vEnd: number): boolean {
    const name = field.toString('latin1', fStart, fEnd)
    if (this.fields.has(name)) return false
    this.fields.add(name)
    this.events.push(`field ${name}=${value.toString('latin1', vStart, vEnd)}`)
    return true
  }
  hashEnd(): void {
    this.events.push('end')
  }
  emptyKey(key: RdbKey): void {
    this.key('empty', key, '')
  }

  private key(kind: string, key: RdbKey, value: string): boolean {
    const name = key.bytes.toString('latin1', key.start, key.end)
    const marks = [key.expiryMs, key.idleSeconds, key.frequency].join(',')
    this.events.push(`${kind} ${name} (${marks}) ${value}`)
    const place = `${this.database} ${name}`
    if (this.seen.has(place)) return false
    this.seen.add(place)
    return true
  }
}

/** What a reader makes of these chunks. Each is passed in memory that is overwritten right afterwards. */
export function readChunks(chunks: Buffer[], options?: RdbReaderOptions): { events: string[]; reader: RdbReader } {
  const target = new RecordingTarget()
  const reader = new RdbReader(target, options)
  for (const chunk of chunks) {
    if (reader.done && chunk.length === 0) continue
    const passing = Buffer.from(chunk)
    reader.push(passing)
    if (!reader.done) passing.fill(0xee)
  }
  reader.end()
  return { events: target.events, reader }
}

export function read(bytes: Buffer, options?: RdbReaderOptions): string[] {
  return readChunks([bytes], options).events
}

/** The bytes cut at these positions. */
export function cut(bytes: Buffer, positions: number[]): Buffer[] {
  const borders = [0, ...positions.map(at => Math.min(at, bytes.length)).sort((a, b) => a - b), bytes.length]
  return borders.slice(1).map((border, i) => bytes.subarray(borders[i], border))
}
