import { expect, test } from 'vitest'
import { type PagedChunk, planEvacuation, type SlabPages } from '../../../src/store/slabs/evacuation-plan.js'
import { CHUNK_PAGES, CLASS_OF_UNITS, CLASS_SLOTS } from '../../../src/store/slabs/size-classes.js'

/** Slots of 1 KiB, 64 a page, and of 2 KiB, 32 a page. */
const KIB_CLASS = CLASS_OF_UNITS[128]
const TWO_KIB_CLASS = CLASS_OF_UNITS[256]
const CHUNKS_AN_ARENA = 4

/** Chunks in arenas of four; each is [share of its slots that is in use, size class], or null for none. */
function slabs(fills: readonly ([number, number] | null)[]): { pages: SlabPages; chunks: PagedChunk[] } {
  const pages = {
    pageClass: new Uint8Array(fills.length * CHUNK_PAGES),
    pageLive: new Uint16Array(fills.length * CHUNK_PAGES),
    freePages: new Uint16Array(fills.length),
  }
  const chunks: PagedChunk[] = []
  fills.forEach((fill, chunk) => {
    if (fill === null) return
    const [share, sizeClass] = fill
    for (let i = 0; i < CHUNK_PAGES; i++) {
      pages.pageClass[chunk * CHUNK_PAGES + i] = sizeClass
      pages.pageLive[chunk * CHUNK_PAGES + i] = Math.round(CLASS_SLOTS[sizeClass] * share)
    }
    chunks.push({ chunk, arena: Math.floor(chunk / CHUNKS_AN_ARENA), arenaChunks: CHUNKS_AN_ARENA })
  })
  return { pages, chunks }
}

function plan(fills: readonly ([number, number] | null)[]): { chunks: number[]; arenas: number[] } {
  const { pages, chunks } = slabs(fills)
  const { chunks: leaving, arenas } = planEvacuation(pages, chunks)
  return { chunks: leaving.toSorted((a, b) => a - b), arenas: [...arenas] }
}

const same = (count: number, share: number, sizeClass = KIB_CLASS): [number, number][] =>
  Array.from({ length: count }, () => [share, sizeClass])

test('of arenas that are equally sparse, the oldest takes what is in the others', () => {
  expect(plan(same(12, 0.3))).toEqual({ chunks: [4, 5, 6, 7, 8, 9, 10, 11], arenas: [1, 2] })
})

test('what is nearly full stays', () => {
  expect(plan(same(8, 0.9))).toEqual({ chunks: [], arenas: [] })
})

test('slots of another size are no room, free pages are', () => {
  const sparse = same(4, 0.25, TWO_KIB_CLASS)
  expect(plan([...same(4, 0.95), ...sparse])).toEqual({ chunks: [5, 6, 7], arenas: [] })
  expect(plan([...same(2, 0.95), null, null, ...sparse])).toEqual({ chunks: [4, 5, 6, 7], arenas: [1] })
})

test('an arena goes with its last chunks, however full they are', () => {
  expect(plan([...same(2, 0.95), null, null, [1, KIB_CLASS], null, null, null])).toEqual({ chunks: [4], arenas: [1] })
})

test('chunk 0 stays, whatever there is', () => {
  expect(plan([[0.1, KIB_CLASS], null, null, null, ...same(4, 0.9)])).toEqual({ chunks: [], arenas: [] })
})
