import { type Bytes, fromWire } from './bytes.js'

/** A reply as /api/commands writes it: RESP3 in JSON. */
export type Reply =
  | null
  | boolean
  | number
  | string
  | Reply[]
  | { base64: string }
  | { status: string }
  | { integer: string }
  | { double: string }
  | { map: [Reply, Reply][] }
  | { set: Reply[] }
  | { text: string }
  | { error: string }

/** A reply that is an error, in the server's words. */
export class CommandError extends Error {}

export function isError(reply: Reply): reply is { error: string } {
  return reply !== null && typeof reply === 'object' && 'error' in reply
}

export function isMap(reply: Reply): reply is { map: [Reply, Reply][] } {
  return reply !== null && typeof reply === 'object' && !Array.isArray(reply) && 'map' in reply
}

export function isSet(reply: Reply): reply is { set: Reply[] } {
  return reply !== null && typeof reply === 'object' && !Array.isArray(reply) && 'set' in reply
}

/** The reply, unless it is an error, which is thrown. */
export function checked(reply: Reply): Reply {
  if (isError(reply)) throw new CommandError(reply.error)
  return reply
}

/** A string's bytes; those of a number or a status are its text's. */
export function bytesIn(reply: Reply): Bytes {
  checked(reply)
  if (typeof reply === 'string') return fromWire(reply)
  if (typeof reply === 'number') return String(reply) as Bytes
  if (reply !== null && typeof reply === 'object') {
    if ('base64' in reply) return fromWire(reply)
    if ('status' in reply) return fromWire(reply.status)
    if ('integer' in reply) return fromWire(reply.integer)
    if ('double' in reply) return fromWire(reply.double)
    if ('text' in reply) return fromWire(reply.text)
  }
  return '' as Bytes
}

/** The text of a string, a status, a number; of other bytes, what they are as Latin-1. */
export function textIn(reply: Reply): string {
  checked(reply)
  if (typeof reply === 'string') return reply
  if (reply !== null && typeof reply === 'object') {
    if ('text' in reply) return reply.text
    if ('status' in reply) return reply.status
  }
  return bytesIn(reply)
}

/** A number, though the server has written it as a string; 0 for what is none. */
export function numberIn(reply: Reply): number {
  if (typeof reply === 'number') return reply
  return Number(bytesIn(reply)) || 0
}

/** The elements of an array or a set; a map's keys and values in turn. */
export function elementsIn(reply: Reply): Reply[] {
  checked(reply)
  if (Array.isArray(reply)) return reply
  if (isSet(reply)) return reply.set
  return isMap(reply) ? reply.map.flat() : []
}

/** The pairs of a map, or of a flat array of keys and values. */
export function pairsIn(reply: Reply): [Reply, Reply][] {
  checked(reply)
  if (isMap(reply)) return reply.map
  const flat = elementsIn(reply)
  return Array.from({ length: flat.length >> 1 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!])
}

/** A map with text for its keys, as those of COMMAND DOCS and XINFO. */
export function fieldsIn(reply: Reply): Map<string, Reply> {
  return new Map(pairsIn(reply).map(([key, value]) => [textIn(key), value]))
}
