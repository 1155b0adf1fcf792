import { describe, expect, it } from 'vitest'
import { LuaVm } from './lua-vm.js'

/** What a script ends in, in a VM whose memory is small; then the VM has to do its work as before. */
function runsInto(script: string): string {
  const vm = new LuaVm(48 * 2 ** 20)
  const result = vm.run(script)
  expect(vm.run('collectgarbage() return cjson.encode(cjson.decode([[{"a":[1,"b\\\\n"]}]]))')).toBe(
    '{"a":[1,"b\\\\n"]}',
  )
  expect(
    vm.run('return cmsgpack.unpack(cmsgpack.pack("after")) .. struct.unpack("s", struct.pack("s", "wards"))'),
  ).toBe('afterwards')
  return result
}

const OUT_OF_MEMORY = 'ERR not enough memory'

describe('hostile scripts end in an error, and the VM goes on', () => {
  const doubling = 'local t = {1} for i = 1, 60 do t = {t, t} end'

  it.each([
    ['a table that doubles at each depth', `${doubling} return cjson.encode(t)`],
    [
      'the same as MessagePack',
      'local t = {} for i = 1, 64 do t[i] = 1 end for i = 1, 15 do t = {t, t, t, t, t, t, t, t} end return cmsgpack.pack(t)',
    ],
    ['an array of 2^31 - 1 nulls', 'cjson.encode_sparse_array(false, 0) return cjson.encode({[2147483647] = 1})'],
    ['a string that grows sixfold', 'return cjson.encode(string.rep("\\1", 10000000))'],
    ['a document that is larger as a value', 'return #cjson.decode("[" .. string.rep("{},", 2000000) .. "{}]")'],
    [
      'an array that is larger than its bytes',
      'return #cmsgpack.unpack("\\221\\0\\127\\255\\255" .. string.rep("\\144", 8388607))',
    ],
    [
      'escapes without an end',
      'return cjson.decode("[" .. string.rep("\\"\\\\\\\\n\\"", 10) .. "\\"" .. string.rep("\\\\\\\\n", 10000000))',
    ],
    ['a format of padding', 'return #struct.pack(string.rep("x", 20000000))'],
  ])('%s', (_, script) => {
    expect(runsInto(script)).toBe(OUT_OF_MEMORY)
  })

  it.each([
    [
      'lengths that no input has',
      'return cmsgpack.unpack(string.rep("\\221\\255\\255\\255\\255", 1000))',
      'Missing bytes in input.',
    ],
    ['a string that no input has', 'return cmsgpack.unpack("\\219\\255\\255\\255\\255")', 'Missing bytes in input.'],
    ['a size that no string has', 'return struct.unpack("dc0", struct.pack("d", 1e18))', 'data string too short'],
    ['an offset behind all memory', 'local r = struct.unpack("b", "a", 2^53) return r', 'data string too short'],
    [
      'a document of one million brackets',
      'return cjson.decode(string.rep("[", 1000000))',
      'Found too many nested data structures (1001) at character 1001',
    ],
  ])('%s', (_, script, error) => {
    expect(runsInto(script)).toContain(error)
  })
})
