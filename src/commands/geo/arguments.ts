/** Arguments of geo commands: positions, units, lengths. Each replies Redis's error and says so when something is wrong. */
import { parseDouble } from '../../bytes/floats/doubles.js'
import { fixed6Text } from '../../bytes/floats/fixed-text.js'
import { LATITUDE_MAX, LONGITUDE_MAX } from '../../types/geo/geohash.js'
import type { Shape } from '../../types/geo/shape.js'
import type { CommandContext } from '../context.js'

/** Argument `index` as a number; NaN when it is none, and `error` was replied. */
function readNumber({ args, reply }: CommandContext, index: number, error: string): number {
  const value = parseDouble(args.buffer, args.starts[index], args.ends[index])
  if (Number.isNaN(value)) reply.error(error)
  return value
}

/** A position, as the last readPosition() has found it. */
export const position = { longitude: 0, latitude: 0 }

/** Reads a longitude, argument `index`, and a latitude. */
export function readPosition(ctx: CommandContext, index: number): boolean {
  const longitude = readNumber(ctx, index, 'ERR value is not a valid float')
  if (Number.isNaN(longitude)) return false
  const latitude = readNumber(ctx, index + 1, 'ERR value is not a valid float')
  if (Number.isNaN(latitude)) return false
  if (Math.abs(longitude) > LONGITUDE_MAX || Math.abs(latitude) > LATITUDE_MAX) {
    ctx.reply.error(`ERR invalid longitude,latitude pair ${fixed6Text(longitude)},${fixed6Text(latitude)}`)
    return false
  }
  position.longitude = longitude
  position.latitude = latitude
  return true
}

/** Metres of the unit that argument `index` names; 0 when it names none. */
export function readUnit({ args, reply }: CommandContext, index: number): number {
  if (args.is(index, 'm')) return 1
  if (args.is(index, 'km')) return 1000
  if (args.is(index, 'ft')) return 0.3048
  if (args.is(index, 'mi')) return 1609.34
  reply.error('ERR unsupported unit provided. please use M, KM, FT, MI')
  return 0
}

/** Reads a radius, argument `index`, and its unit. */
export function readCircle(ctx: CommandContext, index: number, shape: Shape): boolean {
  const radius = readNumber(ctx, index, 'ERR need numeric radius')
  if (Number.isNaN(radius)) return false
  if (radius < 0) {
    ctx.reply.error('ERR radius cannot be negative')
    return false
  }
  shape.isBox = false
  shape.radius = radius
  shape.unitM = readUnit(ctx, index + 1)
  return shape.unitM !== 0
}

/** Reads a width, argument `index`, a height, and their unit. */
export function readBox(ctx: CommandContext, index: number, shape: Shape): boolean {
  const width = readNumber(ctx, index, 'ERR need numeric width')
  if (Number.isNaN(width)) return false
  const height = readNumber(ctx, index + 1, 'ERR need numeric height')
  if (Number.isNaN(height)) return false
  if (height < 0 || width < 0) {
    ctx.reply.error('ERR height or width cannot be negative')
    return false
  }
  shape.isBox = true
  shape.width = width
  shape.height = height
  shape.unitM = readUnit(ctx, index + 2)
  return shape.unitM !== 0
}
