import { describe, expect, test } from 'vitest'
import { Crc64 } from '../../../src/bytes/crc64.js'
import { functionsPayload, readFunctionsPayload } from '../../../src/persistence/dump/functions.js'
import { isIntactPayload } from '../../../src/persistence/dump/payload.js'
import { cat, lzf, str } from '../rdb/bytes.js'

function withFooter(body: Buffer): Buffer {
  const payload = Buffer.concat([body, Buffer.from([10, 0]), Buffer.alloc(8)])
  const crc = new Crc64()
  crc.update(payload, 0, payload.length - 8)
  crc.writeTo(payload, payload.length - 8)
  return payload
}

function read(payload: Buffer): { codes: string[]; problem: string | null } {
  const codes: string[] = []
  const problem = readFunctionsPayload(payload, code => {
    codes.push(code.toString('latin1'))
    return code.toString('latin1') === 'refused' ? 'so it is' : null
  })
  return { codes, problem }
}

describe('the payload of functions', () => {
  test.each([[[]], [['a']], [['first', 'second '.repeat(20_000)]]])('reads back as it was written', codes => {
    for (const compress of [true, false]) {
      const payload = functionsPayload(
        codes.map(code => Buffer.from(code, 'latin1')),
        compress,
      )
      expect(isIntactPayload(payload, 0, payload.length, true)).toBe(true)
      expect(read(payload)).toEqual({ codes, problem: null })
    }
  })

  test.each([
    ['a release candidate of 7.0', cat(0xf6, str('x')), 'Pre-GA function format not supported'],
    ['a value', cat(0, str('x')), 'given type is not a function'],
    ['a library without its end', cat(0xf5, 50, 'short'), 'Failed loading library payload'],
    ['no library', cat(0xf5), 'Failed loading library payload'],
    ['damaged compression', cat(0xf5, 0xc3, 2, 9, 0x20, 0xff), 'Failed loading library payload'],
    ['one that is refused', cat(0xf5, str('refused'), 0xf5, str('another')), 'so it is'],
  ])('%s is refused', (_, body, problem) => {
    expect(read(withFooter(body)).problem).toBe(problem)
  })

  test('may be compressed in whatever way', () => {
    expect(read(withFooter(cat(0xf5, lzf('abcdefgh'.repeat(500)))))).toEqual({
      codes: ['abcdefgh'.repeat(500)],
      problem: null,
    })
  })
})
