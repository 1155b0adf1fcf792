/**
 * Memory for the segments of one hash table: groups of 64 in one array, so that a lookup gets from the directory to the bucket
 * by arithmetic, through a handful of objects. Place numbers are group * 64 + position; group 0 is for the small segment of
 * a table that has only one.
 */
import type { ReleasedMemory } from '../slabs/released-memory.js'
import { SEGMENT_WORDS, segmentWords } from './segment.js'

export const GROUP_SHIFT = 6
export const GROUP_MASK = 63
const GROUP_SEGMENTS = 64
const SEGMENT_BYTES = SEGMENT_WORDS * 4
const GROUP_BYTES = GROUP_SEGMENTS * SEGMENT_BYTES
/** Large blocks come from the system's allocator 16 bytes behind a page: this brings buckets onto cache lines. */
const ALIGN_BYTES = 48

const NO_WORDS = new Uint32Array(0)
const NO_BYTES = new Uint8Array(0)

export class SegmentMemory {
  readonly words: Uint32Array[] = [NO_WORDS]
  readonly bytes: Uint8Array[] = [NO_BYTES]
  /** Bytes of the places in use, and bytes of all groups. */
  usedBytes = 0
  reservedBytes = 0
  private readonly released: ReleasedMemory | null
  private readonly used: number[] = [0]
  private freePlaces: number[] = []
  private readonly freeGroups: number[] = []
  /** The group that is being emptied, or 0. */
  private leavingGroup = 0

  constructor(released: ReleasedMemory | null) {
    this.released = released
  }

  /** Replaces group 0 by zeroed memory for one segment of 2^bucketBits home buckets: place 0. */
  allocateSmall(bucketBits: number): void {
    const memory = new ArrayBuffer(segmentWords(bucketBits) * 4)
    this.usedBytes += memory.byteLength - this.words[0].byteLength
    this.reservedBytes += memory.byteLength - this.words[0].byteLength
    this.words[0] = new Uint32Array(memory)
    this.bytes[0] = new Uint8Array(memory)
  }

  /** A place for a segment with all buckets, zeroed. */
  allocate(): number {
    let place = this.freePlaces.pop()
    if (place === undefined) place = this.openGroup()
    else {
      const base = (place & GROUP_MASK) * SEGMENT_WORDS
      this.words[place >>> GROUP_SHIFT].fill(0, base, base + SEGMENT_WORDS)
    }
    this.used[place >>> GROUP_SHIFT]++
    this.usedBytes += SEGMENT_BYTES
    return place
  }

  private openGroup(): number {
    const group = this.freeGroups.pop() ?? this.words.length
    const memory = new ArrayBuffer(GROUP_BYTES + ALIGN_BYTES)
    this.words[group] = new Uint32Array(memory, ALIGN_BYTES, GROUP_BYTES / 4)
    this.bytes[group] = new Uint8Array(memory, ALIGN_BYTES, GROUP_BYTES)
    this.used[group] = 0
    this.reservedBytes += GROUP_BYTES
    const first = group * GROUP_SEGMENTS
    for (let i = GROUP_SEGMENTS - 1; i > 0; i--) this.freePlaces.push(first + i)
    return first
  }

  /** Gives back a place; a group without segments goes back to the system. */
  free(place: number): void {
    const group = place >>> GROUP_SHIFT
    if (group === 0) {
      this.usedBytes -= this.words[0].byteLength
      this.reservedBytes -= this.words[0].byteLength
      this.words[0] = NO_WORDS
      this.bytes[0] = NO_BYTES
      return
    }
    this.usedBytes -= SEGMENT_BYTES
    if (--this.used[group] > 0) {
      if (group !== this.leavingGroup) this.freePlaces.push(place)
      return
    }
    if (group === this.leavingGroup) this.leavingGroup = 0
    this.freePlaces = this.freePlaces.filter(free => free >>> GROUP_SHIFT !== group)
    this.reservedBytes -= GROUP_BYTES
    this.released?.add(this.words[group].buffer)
    this.words[group] = NO_WORDS
    this.bytes[group] = NO_BYTES
    this.freeGroups.push(group)
  }

  /**
   * The group with the fewest segments, when half of all places are free and they would fit elsewhere; or 0. From here on it
   * gives out no place: move its segments, and it goes back to the system with the last of them.
   */
  evacuate(): number {
    if (this.reservedBytes < 2 * this.usedBytes + GROUP_BYTES) return 0
    let least = 0
    for (let group = 1; group < this.used.length; group++) {
      if (this.words[group] !== NO_WORDS && (least === 0 || this.used[group] < this.used[least])) least = group
    }
    this.freePlaces = this.freePlaces.filter(place => place >>> GROUP_SHIFT !== least)
    this.leavingGroup = least
    return least
  }

  /** Gives back all groups; nobody may use a place any more. O(groups). */
  releaseAll(): void {
    for (let group = 1; group < this.words.length; group++) {
      if (this.words[group] !== NO_WORDS) this.released?.add(this.words[group].buffer)
    }
  }
}
