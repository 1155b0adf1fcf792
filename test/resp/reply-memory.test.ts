import { describe, expect, test } from 'vitest'
import { ReplyMemory } from '../../src/resp/reply-memory.js'
import { ReplyWriter } from '../../src/resp/reply-writer.js'

const LONG = Buffer.alloc(20_000, 'x')

describe('memory of replies', () => {
  test('is used again when a copy has been given back, for others of about that size', () => {
    const memory = new ReplyMemory()
    const first = memory.copyOf(LONG)
    memory.give(first)
    const next = memory.copyOf(Buffer.alloc(30_000, 'y'))
    expect(next.buffer).toBe(first.buffer)
    expect(next.equals(Buffer.alloc(30_000, 'y'))).toBe(true)
    expect(memory.copyOf(LONG).buffer).not.toBe(first.buffer)
  })

  test('takes a copy once, and neither parts of it nor what others have made', () => {
    const memory = new ReplyMemory()
    const copy = memory.copyOf(LONG)
    memory.give(copy.subarray(0, 16_384))
    memory.give(Buffer.from(copy.buffer, 0, copy.length))
    expect(memory.copyOf(LONG).buffer).not.toBe(copy.buffer)
    memory.give(copy)
    memory.give(copy)
    const [one, other] = [memory.copyOf(LONG), memory.copyOf(LONG)]
    expect(one.buffer).not.toBe(other.buffer)
  })

  test('is not needed for little', () => {
    const memory = new ReplyMemory()
    const copy = memory.copyOf(Buffer.from('little'))
    memory.give(copy)
    expect(memory.copyOf(Buffer.from('little')).buffer === copy.buffer && copy.byteOffset === 0).toBe(false)
  })

  test('a reply that is still under way stays as it is while others are written', () => {
    const memory = new ReplyMemory()
    const writer = new ReplyWriter(memory)
    const write = (byte: string): Buffer[] => {
      for (let i = 0; i < 100; i++) writer.bulk(Buffer.alloc(1000, byte), 0, 1000)
      return writer.takeChunks()
    }
    const a = write('a')
    for (const chunk of write('b')) memory.give(chunk)
    write('c')
    expect(Buffer.concat(a).toString('latin1')).toBe(`$1000\r\n${'a'.repeat(1000)}\r\n`.repeat(100))
  })
})
