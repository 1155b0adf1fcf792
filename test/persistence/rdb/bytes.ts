/** RDB bytes by hand, for tests: written without the code under test, but for the checksum. */
import { Crc64 } from '../../../src/bytes/crc64.js'
import { lzfCompress } from '../../../src/bytes/lzf.js'
import { KeyspaceTarget } from '../../../src/persistence/rdb/load.js'
import { RdbReader, type RdbReaderOptions } from '../../../src/persistence/rdb/reader.js'
import type { RdbKey } from '../../../src/rdb/key.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { Hash } from '../../../src/types/hash/hash.js'
import { encodingName, typeName } from '../../../src/types/kinds.js'
import { StringView } from '../../../src/types/string/string.js'
import { defaultLimits } from '../../../src/types/value-limits.js'

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

const MANY_FIELDS = { maxEntries: 100_000, maxValueBytes: 64 }

/** Loads into a keyspace, and notes everything it is told, as text; keys that come twice are refused. */
export class RecordingTarget extends KeyspaceTarget {
  readonly events: string[] = []

  private readonly into: Keyspace

  constructor(into = new Keyspace(16)) {
    super(into, { limits: { ...defaultLimits(), hash: MANY_FIELDS }, dropExpired: false })
    this.into = into
  }

  override aux(name: string, value: string): void {
    this.events.push(`aux ${name}=${value}`)
  }
  override library(code: Buffer): string | null {
    const text = code.toString('latin1')
    this.events.push(`library ${text}`)
    return text === 'refused' ? 'as asked for' : null
  }
  override warn(message: string): void {
    this.events.push(`warn ${message}`)
  }
  override selectDatabase(index: number): boolean {
    this.events.push(`select ${index}`)
    return super.selectDatabase(index)
  }
  override resizeDatabase(keys: number, expires: number): void {
    this.events.push(`resize ${keys} ${expires}`)
    super.resizeDatabase(keys, expires)
  }
  override loaded(address: number, key: RdbKey): void {
    super.loaded(address, key)
    const { entries } = this.into
    const encoding = encodingName(this.into, address)
    if (typeName(entries, address) === 'string') {
      const { bytes, end, start } = new StringView().of(entries, address)
      this.note(encoding === 'int' ? 'integer' : 'string', key, bytes.toString('latin1', start, end))
      return
    }
    const fields: string[] = []
    const hash = new Hash()
    hash.open(this.database, address)
    hash.iterate(
      (field, value) => void fields.push(`${field.copy().toString('latin1')}=${value.copy().toString('latin1')}`),
    )
    this.note(encoding, key, (encoding === 'hashtable' ? fields.sort() : fields).join(' '))
  }
  override emptyKey(key: RdbKey): void {
    this.note('empty', key, '')
  }

  private note(kind: string, key: RdbKey, value: string): void {
    const name = key.bytes.toString('latin1', key.start, key.end)
    const marks = [key.expiryMs, key.idleSeconds, key.frequency].join(',')
    this.events.push(`${kind} ${name} (${marks}) ${value}`)
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
