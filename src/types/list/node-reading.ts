/** A node of a list on its way into the store: checked, and made a listpack if it is none, a part at a time. */
import { ListpackOfZiplist } from '../../rdb/listpack-of-ziplist.js'
import { ZiplistWalker } from '../../rdb/ziplist.js'
import { ListpackWalk, lpValidate, type Verdict } from '../../store/listpack/listpack-validate.js'

/** So many elements are looked at, or written, in one step: a fraction of a millisecond. */
const STEP_ELEMENTS = 8192

export class NodeReading {
  /** The node's listpack, once step() has returned 'sound': all of the Buffer. */
  listpack: Buffer
  /** Its elements. */
  count = 0
  /** Nobody else has the Buffer: it may be kept. */
  own: boolean
  private readonly walk: ListpackWalk | null
  private readonly walker: ZiplistWalker | null
  private conversion: ListpackOfZiplist | null = null

  /** @param bytes all of a listpack or of a ziplist, which stay as they are until all is done. `own`: they may be kept. */
  constructor(bytes: Buffer, isZiplist: boolean, own: boolean) {
    this.listpack = bytes
    this.own = own
    this.walk = !isZiplist && lpValidate(bytes, 0, bytes.length, false) ? new ListpackWalk(bytes, 0) : null
    const walker = new ZiplistWalker()
    this.walker = isZiplist && walker.begin(bytes, 0, bytes.length) ? walker : null
  }

  /** Works on. */
  step(): Verdict {
    if (this.conversion !== null) return this.convert(this.conversion)
    if (this.walker !== null) return this.checkZiplist(this.walker)
    const { walk } = this
    if (walk === null) return 'damaged'
    const verdict = walk.check(STEP_ELEMENTS)
    this.count = walk.count
    return verdict
  }

  private checkZiplist(walker: ZiplistWalker): Verdict {
    const { listpack } = this
    const verdict = walker.check(listpack, 0, listpack.length, STEP_ELEMENTS)
    if (verdict !== 'sound') return verdict
    this.count = walker.count
    this.conversion = new ListpackOfZiplist(listpack, walker)
    return 'going on'
  }

  private convert(conversion: ListpackOfZiplist): Verdict {
    const listpack = conversion.step(STEP_ELEMENTS)
    if (listpack === null) return 'going on'
    this.listpack = listpack
    this.own = true
    return 'sound'
  }
}
