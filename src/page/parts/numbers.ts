/** How figures are written: short, and of about the same width whatever their size. */

const grouped = new Intl.NumberFormat('en-US')
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** 1234567 as 1,234,567. */
export function count(n: number): string {
  return grouped.format(n)
}

/** Three digits that count: 950, 1.23k, 45.6M. */
export function short(n: number): string {
  const size = Math.abs(n)
  if (size < 1000) return Number.isInteger(n) ? String(n) : digits(n)
  if (size < 999_500) return `${digits(n / 1e3)}k`
  if (size < 999_500_000) return `${digits(n / 1e6)}M`
  return `${digits(n / 1e9)}G`
}

/** 1536 as 1.50 KiB. */
export function bytes(n: number): string {
  let unit = 0
  while (Math.abs(n) >= 1000 && unit < UNITS.length - 1) {
    n /= 1024
    unit++
  }
  return `${unit === 0 ? Math.round(n) : digits(n)} ${UNITS[unit]}`
}

/** Microseconds as us, ms or s. */
export function micros(us: number): string {
  if (us < 1000) return `${us < 10 ? digits(us) : Math.round(us)} µs`
  return millis(us / 1000)
}

/** Milliseconds as ms or s. */
export function millis(ms: number): string {
  if (ms < 1000) return `${digits(ms)} ms`
  return `${digits(ms / 1000)} s`
}

export function percent(n: number): string {
  return `${n >= 99.95 ? '100' : n.toFixed(1)} %`
}

/** Seconds in the two largest units: 12 s, 3 min 4 s, 2 h 5 min, 4 d 1 h. */
export function seconds(s: number): string {
  s = Math.max(0, Math.floor(s))
  if (s < 60) return `${s} s`
  if (s < 3600) return two(s, 60, 'min', 1, 's')
  if (s < 86_400) return two(s, 3600, 'h', 60, 'min')
  return two(s, 86_400, 'd', 3600, 'h')
}

/** The time of day, to the second. */
export function clock(time: number): string {
  const date = new Date(time)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':')
}

/** Date and time of day, to the second. */
export function dateTime(time: number): string {
  const date = new Date(time)
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(part => String(part).padStart(2, '0'))
  return `${day.join('-')} ${clock(time)}`
}

function two(s: number, large: number, largeName: string, little: number, littleName: string): string {
  const rest = Math.floor((s % large) / little)
  return `${Math.floor(s / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${littleName}`}`
}

function digits(n: number): string {
  const size = Math.abs(n)
  return n.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2)
}
