// The library's types: one file, which nothing internal is in.
//
// The compiler writes one declaration file a module; what index.d.ts reaches of them is rolled into one.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { build } from 'esbuild'

/** Makes index.d.ts and index.d.cts in `target`. Throws with the compiler's words if src/ has type errors. */
export async function makeTypes(root, target) {
  // In here, where node_modules are found from.
  const modules = fs.mkdtempSync(path.join(target, 'modules-'))
  try {
    const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
    const compiler = spawnSync(process.execPath, [
      tsc,
      '-p',
      path.join(root, 'tsconfig.build.json'),
      '--outDir',
      modules,
    ])
    await nameDirectives(root, path.join(modules, 'config/directives.d.ts'))
    const rolled = path.join(target, 'index.d.ts')
    rollUp(root, path.join(modules, 'index.d.ts'), rolled)
    fs.copyFileSync(rolled, path.join(target, 'index.d.cts'))
    if (compiler.status !== 0) throw new Error(`src has type errors:\n${compiler.stdout}${compiler.stderr}`)
  } finally {
    fs.rmSync(modules, { recursive: true, force: true })
  }
}

/** Writes the names of the directives out, instead of deriving them from the table with all that it is made of. */
async function nameDirectives(root, declarations) {
  const { outputFiles } = await build({
    entryPoints: [path.join(root, 'src/config/directives.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  })
  const { directives } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  )
  const names = Object.keys(directives).map(name => `'${name}'`)
  const derived = 'DirectiveName = keyof typeof directives'
  const text = fs.readFileSync(declarations, 'utf8')
  if (!text.includes(derived)) throw new Error(`${declarations} has no "${derived}"`)
  fs.writeFileSync(declarations, text.replace(derived, `DirectiveName = ${names.join(' | ')}`))
}

function rollUp(root, entry, target) {
  const folder = path.dirname(entry)
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: path.join(root, 'package.json'),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: entry,
      // Only declarations are read here, and those of every release of Node's types have to do.
      compiler: { overrideTsconfig: { compilerOptions: { ...OPTIONS, types: ['node'] }, include: [entry] } },
      apiReport: { enabled: false },
      docModel: { enabled: false },
      tsdocMetadata: { enabled: false },
      dtsRollup: { enabled: true, untrimmedFilePath: target },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  })
  const { succeeded } = Extractor.invoke(config, { localBuild: true, messageCallback: quiet })
  if (!succeeded) throw new Error('the declarations could not be rolled into one file')
}

const OPTIONS = {
  target: 'ES2022',
  lib: ['ES2023'],
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  strict: true,
  skipLibCheck: true,
}

/** Errors are for whoever builds; that another TypeScript wrote the declarations than the one that reads them is not. */
function quiet(message) {
  if (message.logLevel === ExtractorLogLevel.Error) console.error(message.text)
  message.handled = true
}
