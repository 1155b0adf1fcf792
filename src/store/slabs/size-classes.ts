/** How slabs are divided: chunks into pages, pages into slots of one size class. Sizes count in units of 8 bytes. */

export const UNIT_BYTES = 8
export const PAGE_UNITS = 8192
export const PAGE_SHIFT = 13
export const CHUNK_PAGES = 16
export const CHUNK_PAGE_SHIFT = 4
const EVERY_UNIT_TO = 64
const FINE_UNITS = 128

/**
 * Size classes in units: every unit up to 512 bytes, then 16 steps up to 1 KiB, where most small aggregates are, and four steps a
 * doubling from there on, up to a whole page.
 */
export const CLASS_UNITS: readonly number[] = classUnits()
export const CLASS_SLOTS = Uint16Array.from(CLASS_UNITS, units => Math.min(65535, Math.floor(PAGE_UNITS / units)))
export const CLASS_OF_UNITS = new Uint8Array(PAGE_UNITS + 1)
for (let units = 1, index = 0; units <= PAGE_UNITS; units++) {
  if (units > CLASS_UNITS[index]) index++
  CLASS_OF_UNITS[units] = index
}
export const UNITS_OF_CLASS = Uint16Array.from(CLASS_UNITS)

function classUnits(): number[] {
  const classes: number[] = []
  for (let units = 1; units <= EVERY_UNIT_TO; units++) classes.push(units)
  for (let base = EVERY_UNIT_TO; base < PAGE_UNITS; base *= 2) {
    const steps = base < FINE_UNITS ? 16 : 4
    for (let step = 1; step <= steps; step++) classes.push(base + (base / steps) * step)
  }
  return classes
}
