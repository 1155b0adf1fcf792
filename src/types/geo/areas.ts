/**
 * Where the positions within a shape may have their scores: in up to nine ranges, those of the area that the centre lies in and of the
 * eight around it, areas as small as can be. Source of behaviour: geohash_helper.c and membersOfAllNeighbors in geo.c; what is found
 * comes in this order.
 */
import { degrees, EARTH_RADIUS_M, radians } from './distance.js'
import {
  latitudeCell,
  latitudeOfCell,
  leastScore,
  longitudeCell,
  longitudeOfCell,
  MOST_STEPS,
  scoreBehind,
} from './geohash.js'
import type { Shape } from './shape.js'
import { cosine } from './trigonometry.js'

/** Half of the equator on the web's Mercator map. */
const MERCATOR_MAX_M = 20037726.37
/** Meridians come together towards the poles: areas have to be larger from these latitudes on. */
const HIGH_LATITUDE = 66
const VERY_HIGH_LATITUDE = 80

/** The areas by the steps from the centre's, to the east and to the north. */
const EAST = Int8Array.of(0, 0, 0, 1, -1, 1, -1, 1, -1)
const NORTH = Int8Array.of(0, 1, -1, 0, 0, 1, 1, -1, -1)
const MOST_AREAS = EAST.length

export class Areas {
  /** How many ranges there are. */
  count = 0
  /** Each one's least score, and the one behind it. */
  readonly from = new Float64Array(MOST_AREAS)
  readonly behind = new Float64Array(MOST_AREAS)
  // The shape's bounding box.
  private west = 0
  private east = 0
  private south = 0
  private north = 0
  // The last area.
  private lastColumn = 0
  private lastRow = 0

  /** Finds the areas that cover a shape. */
  cover(shape: Shape): void {
    const { latitude, longitude } = shape
    this.bound(shape)
    let steps = stepsFor(reachOf(shape), latitude)
    if (steps > 1 && !this.isCovered(longitudeCell(longitude, steps), latitudeCell(latitude, steps), steps)) steps--
    const column = longitudeCell(longitude, steps)
    const row = latitudeCell(latitude, steps)
    const excludes = steps >= 2
    const noWest = excludes && longitudeOfCell(column, steps) < this.west
    const noEast = excludes && longitudeOfCell(column + 1, steps) > this.east
    const noSouth = excludes && latitudeOfCell(row, steps) < this.south
    const noNorth = excludes && latitudeOfCell(row + 1, steps) > this.north
    this.count = 0
    for (let i = 0; i < MOST_AREAS; i++) {
      if ((noWest && EAST[i] < 0) || (noEast && EAST[i] > 0)) continue
      if ((noSouth && NORTH[i] < 0) || (noNorth && NORTH[i] > 0)) continue
      this.add(neighbour(column, EAST[i], steps), neighbour(row, NORTH[i], steps), steps)
    }
  }

  private add(column: number, row: number, steps: number): void {
    // On a globe of two by two areas, those on both sides are the same one. The centre's own is not compared with.
    if (this.count > 1 && column === this.lastColumn && row === this.lastRow) return
    this.lastColumn = column
    this.lastRow = row
    this.from[this.count] = leastScore(column, row, steps)
    this.behind[this.count] = scoreBehind(column, row, steps)
    this.count++
  }

  private bound({ height, isBox, latitude, longitude, radius, unitM, width }: Shape): void {
    const northM = unitM * (isBox ? height / 2 : radius)
    const eastM = unitM * (isBox ? width / 2 : radius)
    const rise = degrees(northM / EARTH_RADIUS_M)
    // The farther from the equator, the more degrees a length is.
    const border = latitude < 0 ? latitude - rise : latitude + rise
    const span = degrees(eastM / EARTH_RADIUS_M / cosine(radians(border)))
    this.west = longitude - span
    this.east = longitude + span
    this.south = latitude - rise
    this.north = latitude + rise
  }

  /** Whether the areas around this one reach as far as the bounding box. */
  private isCovered(column: number, row: number, steps: number): boolean {
    return !(
      latitudeOfCell(neighbour(row, 1, steps) + 1, steps) < this.north ||
      latitudeOfCell(neighbour(row, -1, steps), steps) > this.south ||
      longitudeOfCell(neighbour(column, 1, steps) + 1, steps) < this.east ||
      longitudeOfCell(neighbour(column, -1, steps), steps) > this.west
    )
  }
}

/** The cell next to one, around the globe; `step`: 0 for itself, which may lie behind the last. */
function neighbour(cell: number, step: number, steps: number): number {
  return step === 0 ? cell : (cell + step) & (2 ** steps - 1)
}

/** From the centre to what is farthest from it. */
function reachOf({ height, isBox, radius, unitM, width }: Shape): number {
  return (isBox ? Math.sqrt((width / 2) * (width / 2) + (height / 2) * (height / 2)) : radius) * unitM
}

/** How often to halve the globe for areas that are, nine of them, large enough. */
function stepsFor(reachM: number, latitude: number): number {
  if (reachM === 0) return MOST_STEPS
  let steps = 1
  for (let reach = reachM; reach < MERCATOR_MAX_M; reach *= 2) steps++
  steps -= 2
  if (Math.abs(latitude) > HIGH_LATITUDE) steps--
  if (Math.abs(latitude) > VERY_HIGH_LATITUDE) steps--
  return Math.max(1, Math.min(MOST_STEPS, steps))
}
