import { beforeAll, expect, test } from 'vitest'
import { binOf, install, type Project, pack } from '../package/project.js'
import { readPage } from './page.js'

let tarball: string

beforeAll(() => {
  tarball = pack()
})

/** A project that has what the page's first command installs, and the page's files. */
function projectOf(name: string): Project {
  const page = readPage(name)
  const packages = (page.commands[0].split('--save-dev ')[1] ?? '').split(' ').filter(word => word !== 'redis-ts')
  const project = install(tarball, [...packages, 'ioredis', '@types/node'])
  for (const [file, code] of page.files) project.write(file, code)
  return project
}

test('the page for Vitest', () => {
  const project = projectOf('testing-with-vitest.md')
  const { stdout } = project.run(process.execPath, binOf('vitest'), 'run')
  expect(stdout).toMatch(/Test Files +3 passed \(3\)/)
  expect(stdout).toMatch(/Tests +4 passed \(4\)/)
})

test('the page for Vitest has right types', () => {
  const project = projectOf('testing-with-vitest.md')
  const options = [
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--strict',
    '--skipLibCheck',
    '--noEmit',
    '--ignoreConfig',
  ]
  const files = [...readPage('testing-with-vitest.md').files.keys()]
  project.write('package.json', '{ "type": "module" }')
  project.run(process.execPath, binOf('typescript', 'tsc'), ...options, '--types', 'node', ...files)
})

test('the page for Jest, without its configuration and with it', () => {
  const project = projectOf('testing-with-jest.md')
  const plain = ['--config', '{}', 'visits', 'full']
  expect(project.run(process.execPath, binOf('jest'), ...plain).stderr).toMatch(/Tests: +3 passed, 3 total/)
  const { stderr } = project.run(process.execPath, binOf('jest'))
  expect(stderr).toMatch(/Test Suites: 3 passed, 3 total/)
  expect(stderr).toMatch(/Tests: +4 passed, 4 total/)
  expect(stderr).not.toContain('did not exit')
})

test('the page for node:test', () => {
  const page = readPage('testing-with-node-test.md')
  const [, command] = page.commands
  const { stdout } = projectOf('testing-with-node-test.md').run('sh', '-c', `${command} --test-reporter=tap`)
  expect(stdout).toMatch(/^# fail 0$/m)
  expect(stdout).toMatch(/^# pass 3$/m)
})
