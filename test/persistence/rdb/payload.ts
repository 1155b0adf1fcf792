/** DUMP payloads by hand, as texts of one character a byte. */
import { Crc64 } from '../../../src/bytes/crc64.js'
import { cat } from './bytes.js'

/** A payload of this type and value, with its version and its checksum. */
export function payload(type: number, value: Buffer, version = 10): string {
  const body = cat(type, value, version & 255, version >> 8)
  const checksum = Buffer.alloc(8)
  const crc = new Crc64()
  crc.update(body, 0, body.length)
  crc.writeTo(checksum, 0)
  return cat(body, checksum).toString('latin1')
}

/** Type and value of a payload. */
export function typeAndValue(text: string): string {
  return text.slice(0, -10)
}
