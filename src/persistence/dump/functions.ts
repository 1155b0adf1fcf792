/**
 * The payload of FUNCTION DUMP and FUNCTION RESTORE: libraries as a file has them, and the footer of DUMP's payloads.
 *
 *     (<FUNCTION2: u8> <code: string>)* <RDB version: u16 LE> <CRC64 of all before: u64 LE>
 *
 * Source: functionDumpCommand in Redis's functions.c.
 */
import { CRC64_LENGTH, Crc64 } from '../../bytes/crc64.js'
import { lzfCompressExact } from '../../bytes/lzf-exact.js'
import { RDB_OPCODE_FUNCTION_PRE_GA, RDB_OPCODE_FUNCTION2, RDB_VERSION } from '../../rdb/format.js'
import { RdbOutput } from '../../rdb/output.js'
import { StringReader } from '../../rdb/string-reader.js'
import { FOOTER_BYTES } from './payload.js'

const INITIAL_BYTES = 1024

/** Writes libraries as files have them, ahead of the databases. */
export function writeLibraries(out: RdbOutput, codes: readonly Buffer[], compress: boolean): void {
  for (const code of codes) {
    out.byte(RDB_OPCODE_FUNCTION2)
    out.string(code, 0, code.length, compress)
  }
}

/** The payload of these libraries, byte by byte as Redis 7.0 writes it; it is the caller's own. */
export function functionsPayload(codes: readonly Buffer[], compress: boolean): Buffer {
  const out = new RdbOutput(INITIAL_BYTES, lzfCompressExact)
  writeLibraries(out, codes, compress)
  out.byte(RDB_VERSION & 0xff)
  out.byte(RDB_VERSION >>> 8)
  const summed = out.length
  out.ensure(CRC64_LENGTH)
  const payload = out.buffer.subarray(0, summed + CRC64_LENGTH)
  const crc = new Crc64()
  crc.update(payload, 0, summed)
  crc.writeTo(payload, summed)
  return payload
}

/**
 * Gives `take` the code of each library of a payload with a sound footer, in a Buffer to be kept. Returns what is wrong with the
 * payload or, as `take` says, with a library; or null.
 */
export function readFunctionsPayload(payload: Buffer, take: (code: Buffer) => string | null): string | null {
  const end = payload.length - FOOTER_BYTES
  const string = new StringReader()
  for (let at = 0; at < end; ) {
    if (payload[at] === RDB_OPCODE_FUNCTION_PRE_GA) return 'Pre-GA function format not supported'
    if (payload[at] !== RDB_OPCODE_FUNCTION2) return 'given type is not a function'
    at = string.locate(payload, at + 1, end)
    if (at < 0 || !string.decode(payload)) return 'Failed loading library payload'
    const problem = take(Buffer.from(string.bytes.subarray(string.start, string.end)))
    if (problem !== null) return problem
  }
  return null
}
