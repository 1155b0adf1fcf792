/** The middle value; of an even count the upper one. */
export const median = values => [...values].sort((a, b) => a - b)[values.length >> 1]

export const geometricMean = values => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)

/** Prints a Markdown table: the first column as text, the others right-aligned. */
export function printTable(head, rows) {
  const table = [head, ...rows].map(row => row.map(String))
  const widths = head.map((_, column) => Math.max(...table.map(row => row[column].length), 4))
  const line = row => `| ${row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`
  console.log([line(table[0]), rule, ...table.slice(1).map(line), ''].join('\n'))
}

/** A table of named figures, one column per server and the ratio of the first to the second. */
export function printFigures(title, servers, figures) {
  const rows = figures.map(({ name, unit, digits = 1, values: [a, b] }) => [
    `${name}, ${unit}`,
    a.toFixed(digits),
    b.toFixed(digits),
    (a / b).toFixed(2),
  ])
  printTable([title, ...servers.map(server => server.name), 'ratio'], rows)
}
