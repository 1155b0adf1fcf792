// The page of src/page: one file that asks for no other, and what is sent to browsers that take it compressed.
import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import { build } from 'esbuild'

/** Makes page.html in `target`, the same compressed, and the licences of what is in it. */
export async function makePage(root, target) {
  const html = await pageOf(root)
  const file = path.join(target, 'page.html')
  fs.writeFileSync(file, html)
  fs.writeFileSync(`${file}.gz`, zlib.gzipSync(html, { level: 9 }))
  const licences = ['preact', 'uplot'].map(name => {
    const licence = fs.readFileSync(path.join(root, 'node_modules', name, 'LICENSE'), 'utf8')
    return `${name}\n\n${licence.trim()}\n`
  })
  fs.writeFileSync(path.join(target, 'page.LICENSE'), licences.join('\n----\n\n'))
}

async function pageOf(root) {
  const { outputFiles } = await build({
    entryPoints: [path.join(root, 'src/page/main.tsx')],
    outdir: path.join(root, 'dist'),
    tsconfig: path.join(root, 'src/page/tsconfig.json'),
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: ['es2022'],
    charset: 'utf8',
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'warning',
  })
  const text = extension => outputFiles.find(file => file.path.endsWith(extension)).text.trim()

  const template = fs.readFileSync(path.join(root, 'src/page/page.html'), 'utf8')
  return (
    template
      .replace('/* style */', () => text('.css'))
      // An end tag within the script would end it.
      .replace('/* script */', () => text('.js').replaceAll('</script', '<\\/script'))
  )
}
