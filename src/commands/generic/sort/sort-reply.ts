/** SORT's reply in slices, when there is much to sort: elements are collected, sorted and written between the requests of others. */
import { performance } from '../../../clock/platform.js'
import { PIECE_BYTES, type ReplySource } from '../../../resp/reply-source.js'
import type { ReplyWriter } from '../../../resp/reply-writer.js'
import type { ByteStrings } from './byte-strings.js'
import type { Sorting } from './sorting.js'

const WRITES_BETWEEN_CLOCK_READS = 32

export class SortReply implements ReplySource {
  private readonly sorting: Sorting
  private readonly values: ByteStrings | null
  private readonly onFailure: (out: ReplyWriter) => void
  private begun = false
  private at: number
  private readonly end: number

  /**
   * @param first to `last`: the places in the order that are shown
   * @param values what is shown instead of the elements there, all in a row; null: the elements
   * @param onFailure writes the error when an element that is to be a number is none
   */
  constructor(
    sorting: Sorting,
    first: number,
    last: number,
    values: ByteStrings | null,
    onFailure: (out: ReplyWriter) => void,
  ) {
    this.sorting = sorting
    this.values = values
    this.onFailure = onFailure
    this.at = values === null ? first : 0
    this.end = values === null ? last + 1 : values.count
  }

  get memoryBytes(): number {
    return this.sorting.memoryBytes + (this.values?.memoryBytes ?? 0)
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { end, sorting } = this
    if (!this.begun) {
      if (!sorting.step(deadlineMs)) return false
      this.begun = true
      if (sorting.failed) {
        this.onFailure(out)
        return true
      }
      out.array(end - this.at)
    }
    while (this.at < end) {
      const until = Math.min(end, this.at + WRITES_BETWEEN_CLOCK_READS)
      for (; this.at < until; this.at++) this.write(out)
      if (out.totalBytes >= PIECE_BYTES || performance.now() >= deadlineMs) return this.at === end
    }
    return true
  }

  private write(out: ReplyWriter): void {
    const { at, sorting, values } = this
    if (values === null) {
      const element = sorting.element(at)
      const { elements } = sorting
      out.bulk(elements.buffer(element), elements.start(element), elements.end(element))
    } else if (values.isNothing(at)) out.null()
    else out.bulk(values.buffer(at), values.start(at), values.end(at))
  }

  close(): void {
    this.sorting.close()
  }
}
