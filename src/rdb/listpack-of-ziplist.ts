/** The listpack of a ziplist's elements, made a part at a time: Redis makes one of every ziplist that it loads. */
import { LP_COUNT_UNKNOWN, LP_EMPTY_SIZE, LP_EOF, LP_HEADER_SIZE } from '../store/listpack/listpack.js'
import { lpEncodedSize, lpWriteEntry, lpWriteHeader } from '../store/listpack/listpack-edit.js'
import { ZiplistElement, type ZiplistWalker } from './ziplist.js'

/** So much is written in one step, unless one element alone is longer. */
const STEP_BYTES = 256 * 1024

export class ListpackOfZiplist {
  private readonly ziplist: Buffer
  private readonly walker: ZiplistWalker
  private readonly element = new ZiplistElement()
  private elementsLeft: number
  private size = LP_EMPTY_SIZE
  private at = LP_HEADER_SIZE
  /** null while its size is being worked out. */
  private listpack: Buffer | null = null

  /** @param walker stands at the beginning of the ziplist that it has found sound, and that fills the Buffer. */
  constructor(ziplist: Buffer, walker: ZiplistWalker) {
    this.ziplist = ziplist
    this.walker = walker
    this.elementsLeft = walker.count
  }

  /** Goes on for up to so many elements. The listpack, when it is whole. */
  step(elements: number): Buffer | null {
    const left = Math.max(0, this.elementsLeft - elements)
    if (this.listpack !== null) return this.write(this.listpack, left)
    const { element } = this
    for (; this.elementsLeft > left; this.elementsLeft--) {
      this.walker.next(this.ziplist, element)
      this.size += lpEncodedSize(element.bytes, element.start, element.end)
    }
    if (left === 0) this.begin()
    return null
  }

  private begin(): void {
    const { count } = this.walker
    this.listpack = Buffer.allocUnsafeSlow(this.size)
    lpWriteHeader(this.listpack, 0, this.size, Math.min(count, LP_COUNT_UNKNOWN))
    this.listpack[this.size - 1] = LP_EOF
    this.walker.rewind(0)
    this.elementsLeft = count
  }

  private write(listpack: Buffer, left: number): Buffer | null {
    const { element } = this
    const until = this.at + STEP_BYTES
    for (; this.elementsLeft > left && this.at < until; this.elementsLeft--) {
      this.walker.next(this.ziplist, element)
      this.at = lpWriteEntry(listpack, this.at, element.bytes, element.start, element.end)
    }
    return this.elementsLeft === 0 ? listpack : null
  }
}
