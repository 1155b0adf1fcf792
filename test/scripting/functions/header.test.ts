import { describe, expect, test } from 'vitest'
import { readHeader } from '../../../src/scripting/functions/header.js'

describe('the first line of a library', () => {
  test.each([
    ['#!lua name=lib\n', 'lua', 'lib'],
    ['#!LUA NAME=lib\ncode', 'LUA', 'lib'],
    ['#!lua   name="lib"  \n', 'lua', 'lib'],
    ["#!lua 'name=a b'\n", 'lua', 'a b'],
    ['#! name=lib\n', '', 'lib'],
    ['#!other name=\n', 'other', ''],
  ])('%j', (line, engine, name) => {
    expect(readHeader(Buffer.from(line, 'latin1'))).toEqual({ engine, name, codeFrom: line.indexOf('\n') })
  })

  test.each([
    ['', 'Missing library metadata'],
    ['lua name=lib\n', 'Missing library metadata'],
    ['#!lua name=lib', 'Invalid library metadata'],
    ['#!lua name="lib\n', 'Invalid library metadata'],
    ['#!lua name=l\0ib\n', 'Invalid library metadata'],
    ['#!lua\n', 'Library name was not given'],
    ['#!lua name=a name=a\n', 'Invalid metadata value, name argument was given multiple times'],
    ['#!lua name=a flags=no-writes\n', 'Invalid metadata value given: flags=no-writes'],
    ['#!lua nam=a\n', 'Invalid metadata value given: nam=a'],
  ])('%j: %s', (line, problem) => {
    expect(readHeader(Buffer.from(line, 'latin1'))).toBe(problem)
  })
})
