/** Numbers as a small graph of characters, for terminals. The look is that of Redis's sparkline.c. */

/** A column of the graph: its height, and what stands below it from top to bottom. */
export interface SparklineColumn {
  readonly value: number
  readonly label: string
}

/** A column ends in one of these, by how much of its last row it fills; below it stands a bar. */
const TOPS = ['_', 'o', '#']
const BAR = '|'

/** Lines of at most `width` columns, `rows` high, then an empty line and the labels; more columns go below. */
export function sparkline(columns: readonly SparklineColumn[], width: number, rows: number): string {
  const values = columns.map(({ value }) => value)
  const lowest = Math.min(...values)
  const span = Math.max(...values) - lowest || 1
  const steps = rows * TOPS.length
  const heights = values.map(value => Math.min(steps - 1, Math.trunc(((value - lowest) * steps) / span)))
  const parts: string[] = []
  for (let from = 0; from < columns.length; from += width) {
    const labels = columns.slice(from, from + width).map(({ label }) => label)
    const lines = [...bars(heights.slice(from, from + width), rows), ...labelLines(labels)]
    parts.push(lines.map(line => `${line}\n`).join(''))
  }
  return parts.join('\n')
}

/** Top row first. */
function bars(heights: readonly number[], rows: number): string[] {
  return Array.from({ length: rows }, (_, row) => {
    const below = (rows - row - 1) * TOPS.length
    return heights.map(height => (height < below ? ' ' : (TOPS[height - below] ?? BAR))).join('')
  })
}

function labelLines(labels: readonly string[]): string[] {
  const longest = Math.max(...labels.map(label => label.length))
  const blank = ' '.repeat(labels.length)
  return [blank, ...Array.from({ length: longest }, (_, i) => labels.map(label => label[i] ?? ' ').join(''))]
}
