#!/usr/bin/env node
// Makes dist/scripting: Lua's WebAssembly module with its licences, and what is compiled from AssemblyScript: the
// libraries of scripts, and Lua's allocator.
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import asc from 'assemblyscript/asc'

const root = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..')
const target = path.join(root, 'dist/scripting')
fs.mkdirSync(target, { recursive: true })

// Only the bare module: the package's own wrapper costs a callback into JavaScript for each element of a table.
const lua = path.dirname(createRequire(import.meta.url).resolve('wasmoon-lua5.1/package.json'))
fs.copyFileSync(path.join(lua, 'dist/liblua5.1.wasm'), path.join(target, 'lua-5.1.wasm'))
fs.chmodSync(path.join(target, 'lua-5.1.wasm'), 0o644)
const licences = [path.join(lua, 'LICENSE'), path.join(root, 'src/scripting/lua-5.1.LICENSE')]
fs.writeFileSync(
  path.join(target, 'lua-5.1.LICENSE'),
  licences
    .map(file => fs.readFileSync(file, 'utf8').trim())
    .join('\n\n----\n\n')
    .concat('\n'),
)

// What is compiled lives in the memory of a Lua VM, at addresses that only that VM knows: no memory, no data and no managed
// object of its own.
for (const name of ['libraries', 'allocator']) {
  const { error, stderr } = await asc.main([
    path.join(root, `src/scripting/libraries/${name}.as.ts`),
    ...['--baseDir', root],
    ...['--outFile', path.join(target, `${name}.wasm`)],
    ...['--importMemory', '--noExportMemory', '--initialMemory', '0'],
    ...['--runtime', 'stub'],
    ...['--enable', 'simd'],
    ...['-O3', '--noAssert'],
  ])
  if (error) {
    process.stderr.write(stderr.toString())
    throw error
  }
}
