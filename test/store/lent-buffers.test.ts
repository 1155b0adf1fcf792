import { describe, expect, test } from 'vitest'
import { LentBuffers } from '../../src/store/lent-buffers.js'

const LARGE = Buffer.alloc(1024 * 1024)
const SMALL = Buffer.alloc(10_000)

/** Clients that wait for nothing but what lies in these Buffers. */
function waitingFor(...buffers: Buffer[]): LentBuffers {
  const lent = new LentBuffers()
  lent.outputs = { referTo: memory => buffers.some(({ buffer }) => buffer === memory) }
  return lent
}

describe('a Buffer that was lent', () => {
  test('is lent for the rest of the turn, wherever the reply is by then', () => {
    const lent = waitingFor()
    lent.lend(1)
    expect(lent.isLent(1, LARGE)).toBe(true)
    expect(lent.isLent(2, LARGE)).toBe(false)
  })

  test('and for as long as clients wait for it', () => {
    const lent = waitingFor(LARGE)
    lent.lend(1)
    lent.beginTurn()
    expect(lent.isLent(1, LARGE)).toBe(true)
    expect(lent.isLent(1, Buffer.alloc(LARGE.length))).toBe(false)
  })

  test('is not looked for when it is small: it stays lent', () => {
    const lent = waitingFor()
    lent.lend(1)
    lent.beginTurn()
    expect(lent.isLent(1, SMALL)).toBe(true)
    expect(lent.forget(1)).toBe(true)
    expect(lent.isLent(1, SMALL)).toBe(false)
  })
})
