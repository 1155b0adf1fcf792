/** What many crashes have cost, as a table. */
import type { Kept } from './crash-writers.js'

type Row = { crashes: number } & { -readonly [Name in keyof Kept]: Kept[Name] }

export class CrashTable {
  private readonly rows = new Map<string, Row>()

  note(mode: string, moment: string, { acknowledged, lost, lossWindowMs, unpromised }: Kept): void {
    const key = `${mode} | ${moment}`
    const row = this.rows.get(key) ?? { crashes: 0, acknowledged: 0, lost: 0, lossWindowMs: 0, unpromised: 0 }
    row.crashes++
    row.acknowledged += acknowledged
    row.lost += lost
    row.unpromised += unpromised
    row.lossWindowMs = Math.max(row.lossWindowMs, lossWindowMs)
    this.rows.set(key, row)
  }

  /** Acknowledged steps lost in modes whose names begin so. */
  lost(mode: string): number {
    return [...this.rows].reduce((sum, [key, row]) => sum + (key.startsWith(mode) ? row.lost : 0), 0)
  }

  format(): string {
    const head = '| mode | moment | crashes | acknowledged | lost | longest loss window | missing, not promised |'
    const lines = [...this.rows]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, row]) => {
        return `| ${key} | ${row.crashes} | ${row.acknowledged} | ${row.lost} | ${row.lossWindowMs.toFixed(0)} ms | ${row.unpromised} |`
      })
    return [head, '| --- | --- | ---: | ---: | ---: | ---: | ---: |', ...lines].join('\n')
  }
}
