/** LOLWUT: the version, and a drawing where one is asked for. The arguments are Redis's (lolwut.c), the drawings our own. */
import { REDIS_VERSION } from '../../config/version.js'
import type { CommandContext } from '../context.js'
import { type CommandSpec, FAST, READONLY } from '../spec.js'
import { looseTriangles, nightHills } from './lolwut-drawings.js'

const MAX_COLUMNS = 1000
const MAX_SHAPES = 200
/** What can be drawn within a few milliseconds. */
const MAX_CHARACTERS = 8192

export const lolwutCommands: CommandSpec[] = [
  {
    name: 'lolwut',
    arity: -1,
    flags: READONLY | FAST,
    group: 'server',
    since: '5.0.0',
    summary: 'Shows the version, and a drawing made of characters.',
    arguments: [{ name: 'version', type: 'integer', token: 'VERSION', optional: true }],
    run: lolwut,
  },
]

/**
 * LOLWUT [VERSION version] [number ...]. Version 5: columns, shapes in a row, rows of shapes. Version 6: columns, lines. Any
 * other has no drawing.
 */
function lolwut(ctx: CommandContext): void {
  const { args, reply } = ctx
  let version = 0
  let first = 1
  if (args.argc >= 3 && args.is(1, 'version')) {
    version = ctx.integer(2)
    if (Number.isNaN(version)) return
    first = 3
  }
  if (version === 5) drawTriangles(ctx, first)
  else if (version === 6) drawHills(ctx, first)
  else reply.verbatim(`Redis ver. ${REDIS_VERSION}\n`)
}

function drawTriangles(ctx: CommandContext, first: number): void {
  const columns = size(ctx, first, 66, MAX_COLUMNS)
  const perRow = size(ctx, first + 1, 8, MAX_SHAPES)
  const rows = size(ctx, first + 2, 12, MAX_SHAPES)
  if (Number.isNaN(columns) || Number.isNaN(perRow) || Number.isNaN(rows)) return
  const canvas = looseTriangles(columns, perRow, rows, maxLines(columns))
  ctx.reply.verbatim(`${canvas.braille()}\nOrder at the top, and what time makes of it. Redis ver. ${REDIS_VERSION}\n`)
}

function drawHills(ctx: CommandContext, first: number): void {
  const columns = size(ctx, first, 80, MAX_COLUMNS)
  const lines = size(ctx, first + 1, 20, MAX_COLUMNS)
  if (Number.isNaN(columns) || Number.isNaN(lines)) return
  const canvas = nightHills(columns, Math.min(lines, maxLines(columns)))
  ctx.reply.verbatim(`${canvas.grays()}\nSomebody is still up. Redis ver. ${REDIS_VERSION}\n`)
}

function maxLines(columns: number): number {
  return Math.floor(MAX_CHARACTERS / columns)
}

/** Argument `index`, or `usual` without one, brought between 1 and `most`; NaN and the error's reply for what is no integer. */
function size(ctx: CommandContext, index: number, usual: number, most: number): number {
  if (index >= ctx.args.argc) return usual
  return Math.min(most, Math.max(1, ctx.integer(index)))
}
