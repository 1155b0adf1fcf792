import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Manifest, ManifestError } from '../../../src/persistence/aof/manifest.js'

const BASE = 'file appendonly.aof.2.base.rdb seq 2 type b\n'
const INCR = 'file appendonly.aof.5.incr.aof seq 5 type i\n'

function problemOf(text: string): { text: string; line: number } {
  try {
    Manifest.parse(text)
  } catch (error) {
    if (error instanceof ManifestError) return { text: error.message, line: error.lineNumber }
    throw error
  }
  throw new Error('no error')
}

describe('a manifest', () => {
  test('lists the base, then the incremental files, and keeps history apart', () => {
    const manifest = Manifest.parse(`${BASE}file old.aof seq 1 type h\n${INCR}`)
    expect(manifest.files.map(({ name }) => name)).toEqual(['appendonly.aof.2.base.rdb', 'appendonly.aof.5.incr.aof'])
    expect(manifest.history).toEqual([{ name: 'old.aof', seq: 1 }])
  })

  test('may hold comments, fields of later versions, and any order and case of fields', () => {
    const manifest = Manifest.parse('# made by hand\nTYPE b startoffset 17 FILE "a b.aof" seq 3\n')
    expect(manifest.base).toEqual({ name: 'a b.aof', seq: 3 })
  })

  test.each([
    ['', 'Found an empty AOF manifest', 0],
    ['file a seq 1 type b', 'The AOF manifest file contains too long line', 0],
    [`${BASE}${'x'.repeat(1024)}\n`, 'The AOF manifest file contains too long line', 2],
    [`${BASE}\n`, 'Invalid AOF manifest file format', 2],
    ['file a seq 1\n', 'Invalid AOF manifest file format', 1],
    ['file a seq 1 type b more\n', 'Invalid AOF manifest file format', 1],
    ['file a seq x type b\n', 'Invalid AOF manifest file format', 1],
    ['file "a seq 1 type b\n', 'Invalid AOF manifest file format', 1],
    ['file dir/a seq 1 type b\n', "File can't be a path, just a filename", 1],
    [`${BASE}${BASE}`, 'Found duplicate base file information', 2],
    [`${INCR}file a seq 5 type i\n`, 'Found a non-monotonic sequence number', 2],
    ['file a seq 1 type q\n', 'Unknown AOF file type', 1],
  ])('that says %j is refused', (text, problem, line) => {
    expect(problemOf(text)).toEqual({ text: problem, line })
  })

  test('goes on counting where it was read', () => {
    const manifest = Manifest.parse(`${BASE}${INCR}`)
    expect(manifest.addIncr('appendonly.aof')).toBe('appendonly.aof.6.incr.aof')
    expect(manifest.addBase('appendonly.aof', 'aof')).toBe('appendonly.aof.3.base.aof')
    manifest.retireIncrs(1)
    expect(manifest.format()).toBe(
      'file appendonly.aof.3.base.aof seq 3 type b\n' +
        'file appendonly.aof.5.incr.aof seq 5 type h\n' +
        'file appendonly.aof.2.base.rdb seq 2 type h\n' +
        'file appendonly.aof.6.incr.aof seq 6 type i\n',
    )
  })

  test('reads what it has written, whatever the name', () => {
    const name = fc
      .uint8Array({ minLength: 1, maxLength: 20 })
      .map(bytes => Buffer.from(bytes).toString('latin1'))
      .filter(text => !/[/\\\0]/.test(text))
    fc.assert(
      fc.property(name, fc.nat({ max: 4 }), fc.nat({ max: 3 }), (prefix, incrs, kept) => {
        const manifest = new Manifest()
        manifest.addBase(prefix, 'rdb')
        for (let i = 0; i < incrs; i++) manifest.addIncr(prefix)
        manifest.addBase(prefix, 'rdb')
        manifest.retireIncrs(kept)
        const read = Manifest.parse(manifest.format())
        expect(read.format()).toBe(manifest.format())
        expect(read.files).toEqual(manifest.files)
      }),
    )
  })
})
