import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { removeFile, replaceFile } from '../../src/persistence/file-removal.js'
import { tempDir } from '../interop/stock.js'

test('a name is gone as soon as it is removed, and may be missing', () => {
  const file = join(tempDir(), 'file')
  writeFileSync(file, 'old')
  removeFile(file)
  expect(existsSync(file)).toBe(false)
  removeFile(file)
})

test('a file takes the place of another at once, or of none', () => {
  const dir = tempDir()
  const [from, to] = [join(dir, 'from'), join(dir, 'to')]
  for (const text of ['first', 'second']) {
    writeFileSync(from, text)
    replaceFile(from, to)
    expect(readFileSync(to, 'utf8')).toBe(text)
    expect(existsSync(from)).toBe(false)
  }
})

test('what the system says is thrown, and nothing has changed', () => {
  const dir = tempDir()
  const [from, to] = [join(dir, 'from'), join(dir, 'to')]
  writeFileSync(from, 'text')
  mkdirSync(to)
  expect(() => replaceFile(from, to)).toThrow('EISDIR')
  expect(() => removeFile(to)).toThrow()
  expect(readFileSync(from, 'utf8')).toBe('text')
})
