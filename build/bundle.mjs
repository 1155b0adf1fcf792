// One file of JavaScript for the library and the command, and what leads to it from `require` and from `import`.
//
// Small, so that an empty project gets little and V8 has little to read, yet a stack trace names functions and classes: local
// variables are shortened, names are not, and lines end every few hundred characters.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { minify } from 'terser'

const LINE_LENGTH = 200

/** Packages that are in the bundle, which their licences have to go with. */
const BUNDLED = ['redis-parser', 'redis-errors']

const options = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  write: false,
  metafile: true,
  logLevel: 'warning',
}

/** Makes redis-ts.cjs, index.cjs, index.js and the licences in `target`. */
export async function makeBundle(root, target) {
  const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
  const code = await bundle(path.join(root, 'src/package.ts'))
  // The first line tells one build from another: bin/redis-ts keeps V8's compiled code under it.
  const build = createHash('sha256').update(code).digest('hex').slice(0, 16)
  fs.writeFileSync(path.join(target, 'redis-ts.cjs'), `// redis-ts ${version} ${build}\n${code}`)

  const names = await exportedNames(path.join(root, 'src/index.ts'))
  // One assignment a name: so Node sees what `import { createServer }` can have from a CommonJS file.
  const exported = names.map(name => `exports.${name} = core.${name}\n`).join('')
  fs.writeFileSync(path.join(target, 'index.cjs'), `'use strict'\nconst core = require('./redis-ts.cjs')\n${exported}`)
  const constants = names.map(name => `export const ${name} = core.${name}\n`).join('')
  fs.writeFileSync(path.join(target, 'index.js'), `import core from './redis-ts.cjs'\n${constants}`)

  fs.writeFileSync(path.join(target, 'redis-ts.LICENSES'), BUNDLED.map(name => licence(root, name)).join('\n----\n\n'))
}

async function bundle(entry) {
  const { outputFiles, metafile } = await build({
    ...options,
    entryPoints: [entry],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: "'use strict';const bundleUrl=require('node:url').pathToFileURL(__filename).href;" },
  })
  for (const file of Object.keys(metafile.inputs)) {
    const name = /node_modules\/([^/]+)\//.exec(file)?.[1]
    if (name !== undefined && !BUNDLED.includes(name))
      throw new Error(`${name} is in the bundle, and its licence is not`)
  }
  const { code } = await minify(withoutCopies(outputFiles[0].text), {
    ecma: 2020,
    compress: false,
    mangle: { keep_classnames: true, keep_fnames: true },
    // All ASCII: V8 keeps such a text in half the memory.
    format: { ascii_only: true, max_line_len: LINE_LENGTH },
  })
  return code
}

/** esbuild has each `import fs from 'node:fs'` copy the module name by name: 3 ms of a start, and the module itself does as well. */
function withoutCopies(code) {
  return code.replace(/__toESM\((require\("node:[a-z0-9_/]+"\))(?:,1)?\)/g, '{__proto__:$1,default:$1}')
}

async function exportedNames(entry) {
  const { metafile } = await build({ ...options, entryPoints: [entry], outfile: 'index.js', format: 'esm' })
  return Object.values(metafile.outputs)[0].exports
}

function licence(root, name) {
  const text = fs.readFileSync(path.join(root, 'node_modules', name, 'LICENSE'), 'utf8')
  return `redis-ts.cjs contains the package ${name}:\n\n${text.trim()}\n`
}
