#!/usr/bin/env node
// package.json as it is packed: without what is for working on the project. npm warns at the installation of a tarball whose
// manifest has a `prepare`, although it does not run it.
//
//   node build/manifest.mjs pack      before packing: writes that package.json
//   node build/manifest.mjs restore   afterwards: puts the project's own back
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const manifest = path.join(root, 'package.json')
const own = path.join(root, '.package.json.own')

if (process.argv[2] === 'pack') {
  const packed = JSON.parse(fs.readFileSync(manifest, 'utf8'))
  // Without scripts it is what a packing that was broken off has left.
  if (packed.scripts !== undefined) fs.copyFileSync(manifest, own)
  for (const name of ['scripts', 'layers', 'devDependencies']) delete packed[name]
  fs.writeFileSync(manifest, `${JSON.stringify(packed, null, 2)}\n`)
} else {
  fs.renameSync(own, manifest)
}
