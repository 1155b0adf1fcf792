/** How slabs are divided: chunks into pages, pages into slots of one size class. Sizes count in units of 8 bytes. */

export const UNIT_BYTES = 8
export const PAGE_UNITS = 8192
export const PAGE_SHIFT = 13
export const CHUNK_PAGES = 16
export const CHUNK_PAGE_SHIFT = 4
const EVERY_UNIT_TO = 64
const FINE_UNITS = 128
const FINE_STEP_UNITS = 4

/** Slots that a page is divided into, where they are larger than that: each a sixth larger than the one before at most, up to 8 KiB. */
const LARGE_SLOTS = [
  60, 56, 52, 48, 44, 40, 37, 34, 32, 30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1,
]

/**
 * Size classes in units: every unit up to 512 bytes, then 16 steps up to 1 KiB, where most small aggregates are, and from there on what
 * leaves no rest of a page.
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
  for (let units = EVERY_UNIT_TO; units < FINE_UNITS; units += FINE_STEP_UNITS) classes.push(units + FINE_STEP_UNITS)
  for (const slots of LARGE_SLOTS) classes.push(Math.floor(PAGE_UNITS / slots))
  return classes
}
