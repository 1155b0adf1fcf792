// What scripts run in: Lua's WebAssembly module, and what is compiled from AssemblyScript: the libraries of scripts, and Lua's
// allocator.
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import asc from 'assemblyscript/asc'

const lua = path.dirname(createRequire(import.meta.url).resolve('wasmoon-lua5.1/package.json'))

/** Makes `target`/*.wasm, and the licences of Lua and its module beside them. */
export async function makeWasm(root, target) {
  fs.mkdirSync(target, { recursive: true })

  // Only the bare module: the package's own wrapper costs a callback into JavaScript for each element of a table.
  fs.copyFileSync(path.join(lua, 'dist/liblua5.1.wasm'), path.join(target, 'lua-5.1.wasm'))
  fs.chmodSync(path.join(target, 'lua-5.1.wasm'), 0o644)
  const licences = [path.join(lua, 'LICENSE'), path.join(root, 'src/scripting/lua-5.1.LICENSE')]
  const texts = licences.map(file => fs.readFileSync(file, 'utf8').trim())
  fs.writeFileSync(path.join(target, 'lua-5.1.LICENSE'), `${texts.join('\n\n----\n\n')}\n`)

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
}
