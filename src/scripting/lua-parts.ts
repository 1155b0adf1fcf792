/**
 * The loops of Lua's own library that call functions of scripts, in Lua: a script can be put aside in the midst of such a loop,
 * which it cannot below a C function. libraries/standard/lua-parts.as.ts puts them to use.
 */

interface Access {
  get(key: string): string
  set(key: string, value: string): string
}

/** Of a table without a metatable. */
const PLAIN: Access = { get: key => `t[${key}]`, set: (key, value) => `t[${key}] = ${value}` }
/** Past the metatable, as C functions do. */
const RAW: Access = { get: key => `rawget(t, ${key})`, set: (key, value) => `rawset(t, ${key}, ${value})` }

/**
 * The quicksort of Lua 5.1: the same comparisons in the same order, since scripts see them, and what becomes of equal elements and
 * of an order that is none depends on them. The smaller part is sorted first; the larger one waits on a stack of its own.
 */
function sort(less: (a: string, b: string) => string, { get, set }: Access): string {
  const swap = (i: string, x: string, j: string, y: string) => `${set(i, y)} ${set(j, x)}`
  return `function(t, f, last)
    local first, waiting, depth = 1, nil, 0
    while true do
      while first < last do
        -- Puts the first, the middle and the last element in order.
        local x, z = ${get('first')}, ${get('last')}
        if ${less('z', 'x')} then ${swap('first', 'x', 'last', 'z')} end
        if last - first == 1 then break end
        local middle = (first + last - (first + last) % 2) / 2
        local y
        y, x = ${get('middle')}, ${get('first')}
        if ${less('y', 'x')} then ${swap('first', 'x', 'middle', 'y')}
        else
          z = ${get('last')}
          if ${less('z', 'y')} then ${swap('middle', 'y', 'last', 'z')} end
        end
        if last - first == 2 then break end

        local pivot = ${get('middle')}
        z = ${get('last - 1')}
        ${swap('middle', 'pivot', 'last - 1', 'z')}
        local i, j = first, last - 1
        while true do
          i = i + 1
          x = ${get('i')}
          while ${less('x', 'pivot')} do
            if i > last then invalid() end
            i = i + 1
            x = ${get('i')}
          end
          j = j - 1
          y = ${get('j')}
          while ${less('pivot', 'y')} do
            if j < first then invalid() end
            j = j - 1
            y = ${get('j')}
          end
          if j < i then break end
          ${swap('i', 'x', 'j', 'y')}
        end
        x, y = ${get('last - 1')}, ${get('i')}
        ${swap('last - 1', 'x', 'i', 'y')}

        waiting = waiting or {}
        if i - first < last - i then
          waiting[depth + 1], waiting[depth + 2] = i + 1, last
          last = i - 1
        else
          waiting[depth + 1], waiting[depth + 2] = first, i - 1
          first = i + 1
        end
        depth = depth + 2
      end
      if depth == 0 then return end
      depth = depth - 2
      first, last = waiting[depth + 1], waiting[depth + 2]
    end
  end`
}

const call = (a: string, b: string) => `f(${a}, ${b})`
const compare = (a: string, b: string) => `${a} < ${b}`

/** What the chunk takes: functions that the module of the libraries exports, then globals. */
export const LUA_PARTS_EXPORTS = ['gsub_captures', 'gsub_add', 'sort_order', 'sort_invalid'] as const
export const LUA_PARTS_GLOBALS = ['rawget', 'rawset', 'next'] as const

/** A chunk that returns the parts, in the order of lua-parts.as.ts. */
export const LUA_PARTS = `
local captures, add, order, invalid, rawget, rawset, next = ...
return
function(s, pattern, f, state)
  local result, count
  repeat
    state, result, count = add(state, s, pattern, f(captures(state, s)))
  until not state
  return result, count
end,
function(s, pattern, f, state, capture)
  local count
  repeat
    state, capture, count = add(state, s, pattern, f(capture))
  until not state
  return capture, count
end,
${sort(call, PLAIN)},
${sort(call, RAW)},
${sort(compare, PLAIN)},
function(a, b)
  local metamethod, result = order(a, b)
  if metamethod then return metamethod(a, b) end
  return result
end,
function(t, f)
  for key, value in next, t do
    local result = f(key, value)
    if result ~= nil then return result end
  end
end,
function(t, f, length)
  for i = 1, length do
    local result = f(i, rawget(t, i))
    if result ~= nil then return result end
  end
end`

export const LUA_PARTS_COUNT = 8

/** The name of its source is that of C functions, whose place it takes. */
export const LUA_PARTS_NAME = '=[C]'
