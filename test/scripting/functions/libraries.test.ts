import { describe, expect, test } from 'vitest'
import type { ScriptEngine } from '../../../src/scripting/engine.js'
import { FunctionLibraries } from '../../../src/scripting/functions/libraries.js'
import { engineWithin, library, loneEngine } from './engine.js'

/** What a set holds: each library with its functions, in order of their names. */
function shown(libraries: FunctionLibraries): string[] {
  return [...libraries.all].map(({ functions, name }) => `${name}: ${[...functions.keys()].sort().join(' ')}`).sort()
}

function setOf(engine: ScriptEngine, ...codes: Buffer[]): FunctionLibraries {
  const libraries = new FunctionLibraries(engine)
  for (const code of codes) expect(libraries.load(code)).toBeNull()
  return libraries
}

/** Whether the VM has the function where the library says. */
function isKept(libraries: FunctionLibraries, engine: ScriptEngine, name: string): boolean {
  const found = libraries.find(name)
  return found !== undefined && typeof found.library.referenceOf(found, engine) === 'number'
}

describe('a set of libraries', () => {
  test('finds functions in any case, and libraries in their own', () => {
    const engine = loneEngine()
    const libraries = setOf(engine, library('Lib', 'First', 'second'))
    expect(libraries.find('first')?.name).toBe('First')
    expect(libraries.load(library('lib', 'third'))).toBeNull()
    expect(libraries.load(library('other', 'SECOND'))).toBe('Function SECOND already exists')
    expect(shown(libraries)).toEqual(['Lib: First second', 'lib: third'])
    expect([libraries.count, libraries.functionCount]).toEqual([2, 3])
    expect(libraries.delete('LIB')).toBe(false)
    expect(libraries.delete('Lib')).toBe(true)
    expect(shown(libraries)).toEqual(['lib: third'])
  })

  test.each([
    ['#!lua name=lib\nbad code', /^Error compiling function: user_function:2: /],
    ['#!lua name=lib\nredis.register_function("f")', /^Error registering functions: ERR calling redis\.register_/],
    ['#!lua name=lib\nreturn 1', /^No functions registered$/],
    ['#!lua name=lib\nredis.register_function("taken", function() end)', /^Function taken already exists$/],
    ['#!lua name=lib\nlocal x = ("x"):rep(60000000)', /^Error registering functions: ERR not enough memory$/],
    ['#!lua name=l-b\n', /^Library names can only contain letters/],
    ['#!luna name=lib\n', /^Engine 'luna' not found$/],
  ])('keeps the old library where the new one fails: %j', (code, problem) => {
    const engine = loneEngine(32 << 20)
    const libraries = setOf(engine, library('lib', 'a', 'b'), library('other', 'taken'))
    const { memoryBytes } = libraries
    expect(libraries.load(Buffer.from(code, 'latin1'), true)).toMatch(problem)
    expect(shown(libraries)).toEqual(['lib: a b', 'other: taken'])
    expect(libraries.memoryBytes).toBe(memoryBytes)
    expect(isKept(libraries, engine, 'a')).toBe(true)
  })

  test('a library that is replaced leaves its functions, and may keep its names', () => {
    const libraries = setOf(loneEngine(), library('lib', 'a', 'b'))
    expect(libraries.load(library('lib', 'b', 'c'))).toBe("Library 'lib' already exists")
    expect(libraries.load(library('lib', 'b', 'c'), true)).toBeNull()
    expect(shown(libraries)).toEqual(['lib: b c'])
    expect(libraries.find('a')).toBeUndefined()
  })

  test('takes two functions of one library that differ in case, as Redis does, and lets both go', () => {
    const libraries = setOf(loneEngine(), library('lib', 'f', 'F'))
    expect(libraries.functionCount).toBe(1)
    expect(libraries.delete('lib')).toBe(true)
    expect([libraries.count, libraries.functionCount, libraries.memoryBytes]).toEqual([0, 0, 0])
  })

  test('joins another one, all of it or nothing', () => {
    const engine = loneEngine()
    const libraries = setOf(engine, library('a', 'one'), library('b', 'two'))
    const coming = (...codes: Buffer[]) => setOf(engine, ...codes)
    const before = shown(libraries)
    expect(libraries.join(coming(library('c', 'three'), library('a', 'four')), false)).toBe('Library a already exists')
    expect(libraries.join(coming(library('a', 'four'), library('c', 'TWO')), true)).toBe('Function TWO already exists')
    expect(shown(libraries)).toEqual(before)
    expect(libraries.join(coming(library('a', 'four'), library('c', 'one')), true)).toBeNull()
    expect(shown(libraries)).toEqual(['a: four', 'b: two', 'c: one'])
    expect(isKept(libraries, engine, 'one')).toBe(true)
  })

  test('gives its own up for those of another one', () => {
    const engine = loneEngine()
    const libraries = setOf(engine, library('a', 'one'))
    const other = setOf(engine, library('a', 'two', 'three'))
    const { memoryBytes } = other
    libraries.adopt(other)
    expect(shown(libraries)).toEqual(['a: three two'])
    expect(libraries.memoryBytes).toBe(memoryBytes)
    expect(libraries.find('one')).toBeUndefined()
  })

  test('has its functions again when the VM has been given up', () => {
    const engine = loneEngine()
    const libraries = setOf(engine, library('a', 'one'), library('b', 'two'))
    engine.reset()
    // Deleting one that the VM does not know is nothing to the VM.
    expect(libraries.delete('b')).toBe(true)
    expect(isKept(libraries, engine, 'one')).toBe(true)
    expect(engine.usedBytes).toBeGreaterThan(0)
  })

  test('says so when they do not fit into a VM any more', () => {
    const limit = { bytes: 512 << 20 }
    const engine = engineWithin(limit)
    const hungry =
      '#!lua name=lib\nlocal x = ("x"):rep(20000000)\nredis.register_function("f", function() return #x end)'
    const libraries = setOf(engine, Buffer.from(hungry, 'latin1'))
    engine.reset()
    limit.bytes = 24 << 20
    const found = libraries.find('f')
    expect(found?.library.referenceOf(found, engine)).toMatch(/not enough memory/)
    limit.bytes = 512 << 20
    engine.reset()
    expect(isKept(libraries, engine, 'f')).toBe(true)
  })

  test('a load that takes too long is given up', () => {
    const libraries = new FunctionLibraries(loneEngine())
    const code = Buffer.from('#!lua name=lib\nwhile true do end', 'latin1')
    expect(libraries.add(code, false, 20)).toBe('Error registering functions: ERR FUNCTION LOAD timeout')
  })

  test('libraries that come and go leave nothing in the VM', () => {
    const engine = loneEngine()
    const libraries = new FunctionLibraries(engine)
    const bad = Buffer.from(`${library('bad', 'x', 'y').toString()}\nredis.register_function()`, 'latin1')
    const round = (): void => {
      for (let i = 0; i < 2000; i++) {
        libraries.load(library(`lib${i % 3}`, `f${i % 3}`, `g${i % 3}`), true)
        libraries.load(bad)
      }
    }
    round()
    const { memoryBytes } = engine
    for (let i = 0; i < 3; i++) round()
    expect(engine.memoryBytes).toBe(memoryBytes)
  })
})
