/** What GEOSEARCH, GEORADIUS and their kin ask for. Source of behaviour: georadiusGeneric in Redis's geo.c, its order of checks too. */
import { latitudeOf, longitudeOf } from '../../types/geo/geohash.js'
import { Shape } from '../../types/geo/shape.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from '../context.js'
import { sortedSet } from '../sorted-set/access.js'
import { position, readBox, readCircle, readPosition } from './arguments.js'

/** The form of a command. GEOSEARCH names everything, the older ones have the centre and the radius at fixed places. */
export interface SearchForm {
  /** GEORADIUS: a position; GEORADIUSBYMEMBER: a member. */
  readonly centre: 'named' | 'position' | 'member'
  /** The argument that is the key to search in. */
  readonly key: number
  /** GEOSEARCHSTORE: argument 1 is the destination. GEORADIUS, but for the _RO form: STORE and STOREDIST name one. */
  readonly stores: 'never' | 'always' | 'optionally'
}

export const IN_ANY_ORDER = 0
export const NEAREST_FIRST = 1
export const FARTHEST_FIRST = 2

export class SearchOptions {
  readonly shape = new Shape()
  order: typeof IN_ANY_ORDER | typeof NEAREST_FIRST | typeof FARTHEST_FIRST = IN_ANY_ORDER
  /** How many are wanted at most; infinite for all. */
  count = Number.POSITIVE_INFINITY
  /** The first ones that are found will do. */
  any = false
  withDistance = false
  withHash = false
  withPosition = false
  /** The argument that names where to store what is found; 0: nowhere. */
  storeIndex = 0
  storesDistances = false
  private hasCentre = false
  private hasMember = false

  /** Reads the arguments of a command whose sorted set is open. False: an error was replied. */
  read(ctx: CommandContext, form: SearchForm): boolean {
    this.order = IN_ANY_ORDER
    this.count = Number.POSITIVE_INFINITY
    this.any = this.withDistance = this.withHash = this.withPosition = false
    this.storeIndex = form.stores === 'always' ? 1 : 0
    this.storesDistances = false
    this.hasCentre = this.hasMember = false
    const first = this.readFixed(ctx, form)
    if (first < 0) return false
    const areas = this.readOptions(ctx, form, first)
    return areas >= 0 && this.check(ctx, form, areas)
  }

  /** Reads what GEORADIUS and GEORADIUSBYMEMBER have at fixed places; returns the argument behind it, -1 for an error. */
  private readFixed(ctx: CommandContext, { centre, key }: SearchForm): number {
    if (centre === 'position') return this.readCentre(ctx, 2) && readCircle(ctx, 4, this.shape) ? 6 : -1
    if (centre === 'named') return key + 1
    // Without a key nobody looks at the radius.
    if (sortedSet.address === 0) return 5
    return this.readMember(ctx, 2) && readCircle(ctx, 3, this.shape) ? 5 : -1
  }

  private readCentre(ctx: CommandContext, index: number): boolean {
    if (!readPosition(ctx, index)) return false
    this.shape.longitude = position.longitude
    this.shape.latitude = position.latitude
    return true
  }

  private readMember({ args, reply }: CommandContext, index: number): boolean {
    const score = sortedSet.scoreOf(args.buffer, args.starts[index], args.ends[index])
    if (Number.isNaN(score)) {
      reply.error('ERR could not decode requested zset member')
      return false
    }
    this.shape.longitude = longitudeOf(score)
    this.shape.latitude = latitudeOf(score)
    return true
  }

  /** Reads the options from argument `first` on; returns how many circles or boxes were named, -1 for an error. */
  private readOptions(ctx: CommandContext, form: SearchForm, first: number): number {
    const { args, reply } = ctx
    let circles = 0
    let boxes = 0
    for (let i = first; i < args.argc; i++) {
      const left = args.argc - i - 1
      const named = form.centre === 'named'
      if (args.is(i, 'withdist')) this.withDistance = true
      else if (args.is(i, 'withhash')) this.withHash = true
      else if (args.is(i, 'withcoord')) this.withPosition = true
      else if (args.is(i, 'any')) this.any = true
      else if (args.is(i, 'asc')) this.order = NEAREST_FIRST
      else if (args.is(i, 'desc')) this.order = FARTHEST_FIRST
      else if (left >= 1 && args.is(i, 'count')) {
        if (!this.readCount(ctx, ++i)) return -1
      } else if (left >= 1 && form.stores === 'optionally' && (args.is(i, 'store') || args.is(i, 'storedist'))) {
        this.storesDistances = args.is(i, 'storedist')
        this.storeIndex = ++i
      } else if (form.stores === 'always' && args.is(i, 'storedist')) this.storesDistances = true
      else if (named && left >= 1 && !this.hasCentre && args.is(i, 'frommember')) {
        this.hasMember = true
        if (sortedSet.address !== 0 && !this.readMember(ctx, i + 1)) return -1
        i++
      } else if (named && left >= 2 && !this.hasMember && args.is(i, 'fromlonlat')) {
        this.hasCentre = true
        if (!this.readCentre(ctx, i + 1)) return -1
        i += 2
      } else if (named && left >= 2 && boxes === 0 && args.is(i, 'byradius')) {
        circles++
        if (!readCircle(ctx, i + 1, this.shape)) return -1
        i += 2
      } else if (named && left >= 3 && circles === 0 && args.is(i, 'bybox')) {
        boxes++
        if (!readBox(ctx, i + 1, this.shape)) return -1
        i += 3
      } else {
        reply.error(SYNTAX_ERROR)
        return -1
      }
    }
    return circles + boxes
  }

  private readCount({ args, reply }: CommandContext, index: number): boolean {
    const count = args.int64(index)
    if (count === null) reply.error(NOT_AN_INTEGER)
    else if (count <= 0n) reply.error('ERR COUNT must be > 0')
    else {
      this.count = Number(count)
      return true
    }
    return false
  }

  /** What only all arguments together can tell. */
  private check({ args, reply }: CommandContext, form: SearchForm, areas: number): boolean {
    const name = args.latin1(0)
    const shows = this.withDistance || this.withHash || this.withPosition
    if (this.storeIndex !== 0 && shows) {
      const what = form.stores === 'always' ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS'
      reply.error(`ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`)
    } else if (form.centre === 'named' && !this.hasCentre && !this.hasMember) {
      reply.error(`ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`)
    } else if (form.centre === 'named' && areas === 0) {
      reply.error(`ERR exactly one of BYRADIUS and BYBOX can be specified for ${name}`)
    } else if (this.any && this.count === Number.POSITIVE_INFINITY) {
      reply.error('ERR the ANY argument requires COUNT argument')
    } else {
      // The nearest ones are what a count is for, unless any will do.
      if (this.count !== Number.POSITIVE_INFINITY && !this.any && this.order === IN_ANY_ORDER) {
        this.order = NEAREST_FIRST
      }
      return true
    }
    return false
  }
}
