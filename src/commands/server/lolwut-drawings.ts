/** The drawings of LOLWUT: no two are alike. */
import { Canvas } from './lolwut-canvas.js'

/** Pixels of a character of Canvas.braille(). */
const DOT_COLUMNS = 2
const DOT_ROWS = 4
const MARGIN = 2
const THIRD = (2 * Math.PI) / 3

/** Between -1 and 1. */
function chance(): number {
  return Math.random() * 2 - 1
}

/**
 * Triangles in rows that lose their order on the way down: an homage to the plotter drawings of the 1960s. `lines` limits
 * the height.
 */
export function looseTriangles(columns: number, perRow: number, rows: number, lines: number): Canvas {
  const width = columns * DOT_COLUMNS
  const side = Math.max(1, (width - 2 * MARGIN) / perRow)
  const height = Math.min(lines * DOT_ROWS, Math.ceil(side * rows) + 2 * MARGIN)
  const canvas = new Canvas(width, height)
  for (let row = 0; row < rows && row * side < height; row++) {
    const disorder = row / rows
    for (let column = 0; column < perRow; column++) {
      const x = MARGIN + (column + 0.5 + (chance() * disorder) / 3) * side
      const y = MARGIN + (row + 0.5 + (chance() * disorder) / 3) * side
      const turn = chance() * disorder * Math.PI + (column % 2 === 0 ? 0 : Math.PI)
      triangle(canvas, x, y, side / 2, turn, disorder)
    }
  }
  return canvas
}

function triangle(canvas: Canvas, x: number, y: number, radius: number, turn: number, disorder: number): void {
  const corners = [0, 1, 2].map(i => {
    const angle = turn + i * THIRD
    const reach = radius * (1 + (chance() * disorder) / 4)
    return [x + Math.sin(angle) * reach, y - Math.cos(angle) * reach]
  })
  corners.forEach(([x1, y1], i) => {
    const [x2, y2] = corners[(i + 1) % corners.length]
    canvas.line(x1, y1, x2, y2, 1)
  })
}

/** Hills behind hills under a pale moon, with a few lit windows, in four grays. */
export function nightHills(columns: number, rows: number): Canvas {
  const canvas = new Canvas(columns, rows, 3)
  moon(canvas)
  ;[2, 1, 0].forEach((color, i) => {
    hills(canvas, (rows * (i + 1)) / 4, rows / (4 + i * 2), color)
  })
  for (let i = 0; i < columns / 5; i++) {
    const x = Math.floor(Math.random() * columns)
    const y = rows - 1 - Math.floor((Math.random() * rows) / 8)
    if (canvas.get(x, y) === 0) canvas.set(x, y, Math.random() < 0.5 ? 2 : 3)
  }
  return canvas
}

/** Twice as wide as high, since characters are not square. */
function moon(canvas: Canvas): void {
  const radius = canvas.height / 8
  const centerX = canvas.width * (0.2 + Math.random() * 0.6)
  const centerY = canvas.height / 5
  for (let y = 0; y < canvas.height / 2; y++) {
    for (let x = 0; x < canvas.width; x++) {
      if (((x - centerX) / 2) ** 2 + (y - centerY) ** 2 <= radius ** 2) canvas.set(x, y, 2)
    }
  }
}

/** A ridge that is a sum of waves, filled down to the ground. */
function hills(canvas: Canvas, top: number, swing: number, color: number): void {
  const waves = Array.from({ length: 5 }, (_, i) => ({
    length: canvas.width / (i + 1 + Math.random()),
    phase: Math.random() * 2 * Math.PI,
    size: 1 / (i + 1),
  }))
  for (let x = 0; x < canvas.width; x++) {
    let ridge = top
    for (const { length, phase, size } of waves) {
      ridge += (Math.sin((x / length) * 2 * Math.PI + phase) * size * swing) / 2
    }
    for (let y = Math.max(0, Math.round(ridge)); y < canvas.height; y++) canvas.set(x, y, color)
  }
}
