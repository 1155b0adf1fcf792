/**
 * Replies of SCAN and its kin to a large COUNT: the walk is made in slices, with the guarantee that several calls would have. How
 * many elements there are stands in front of them, so they are collected first.
 */
import { performance } from '../clock/platform.js'
import type { ReplySource } from '../resp/reply-source.js'
import { ReplyWriter } from '../resp/reply-writer.js'
import type { ByteRange } from '../types/byte-range.js'
import type { NameMatcher } from './name-matcher.js'
import { type ScanOptions, scanGoesOn } from './scan-options.js'

/** A walk over buckets, and what a reply has of what it finds. */
export interface ScanWalk {
  /** Visits the next bucket, and writes what the reply has of it. Returns the number of elements looked at. */
  step(found: FoundElements): number
  /** Where a further call goes on; 0 at the end. */
  readonly cursor: number
  /** Nothing more is asked of it. */
  close(): void
}

/** What a reply will have, so far. */
export class FoundElements {
  count = 0
  readonly out = new ReplyWriter()

  bulk(bytes: Buffer, start: number, end: number): void {
    this.count++
    this.out.bulk(bytes, start, end)
  }

  range({ buffer, end, lasting, start }: ByteRange): void {
    this.count++
    if (lasting) this.out.bulkReference(buffer)
    else this.out.bulk(buffer, start, end)
  }
}

export class ScanReply implements ReplySource {
  private readonly walk: ScanWalk
  private readonly options: ScanOptions
  private readonly names: NameMatcher | null
  private readonly found = new FoundElements()
  private sampled = 0
  private steps = 0
  private walked = false

  constructor(walk: ScanWalk, options: ScanOptions) {
    this.walk = walk
    this.options = { ...options }
    this.names = options.names
  }

  get memoryBytes(): number {
    return this.found.out.totalBytes
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { found, names, walk } = this
    while (!this.walked) {
      this.sampled += walk.step(found)
      this.walked = !scanGoesOn(this.options, walk.cursor, this.sampled, ++this.steps)
      if (performance.now() >= deadlineMs) return false
    }
    const take = (elements: readonly Buffer[]): void => {
      for (const element of elements) found.bulk(element, 0, element.length)
    }
    if (names !== null && !names.decideLate(deadlineMs, take)) return false
    out.array(2)
    out.bulkInteger(walk.cursor)
    out.array(found.count)
    for (const chunk of found.out.takeChunks()) out.append(chunk)
    return true
  }

  close(): void {
    this.walk.close()
  }
}
