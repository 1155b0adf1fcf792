/** A list of addresses in slab memory: it grows without ever copying what it holds. Blocks are chained, the newest first. */
import { CHUNK_SHIFT, type Slabs, UNIT_MASK } from '../slabs/slabs.js'

const BLOCK_BYTES = 512
const NEXT_WORD = 0
const COUNT_WORD = 1
const FIRST_WORD = 2
const BLOCK_ADDRESSES = BLOCK_BYTES / 4 - FIRST_WORD

export class AddressList {
  private readonly slabs: Slabs
  private head = 0

  constructor(slabs: Slabs) {
    this.slabs = slabs
  }

  get isEmpty(): boolean {
    return this.head === 0
  }

  /** O(1). */
  add(address: number): void {
    let block = this.head
    if (block === 0 || this.wordsOf(block)[wordOf(block) + COUNT_WORD] === BLOCK_ADDRESSES) {
      block = this.slabs.allocate(BLOCK_BYTES)
      const words = this.wordsOf(block)
      words[wordOf(block) + NEXT_WORD] = this.head
      words[wordOf(block) + COUNT_WORD] = 0
      this.head = block
    }
    const words = this.wordsOf(block)
    const first = wordOf(block)
    words[first + FIRST_WORD + words[first + COUNT_WORD]++] = address
  }

  /** Takes the address that was added last, or 0. O(1). */
  take(): number {
    const block = this.head
    if (block === 0) return 0
    const words = this.wordsOf(block)
    const first = wordOf(block)
    const address = words[first + FIRST_WORD + --words[first + COUNT_WORD]]
    if (words[first + COUNT_WORD] === 0) {
      this.head = words[first + NEXT_WORD]
      this.slabs.free(block, BLOCK_BYTES)
    }
    return address
  }

  private wordsOf(block: number): Uint32Array {
    return this.slabs.words[block >>> CHUNK_SHIFT]
  }
}

function wordOf(block: number): number {
  return (block & UNIT_MASK) << 1
}
