import { expect, test } from 'vitest'
import { checkProcTitle, expandProcTitle } from '../../src/config/proc-title.js'

const variables = new Map([
  ['title', 'redis-ts'],
  ['listen-addr', '*:7000'],
  ['server-mode', ''],
])
const expand = (template: string) => expandProcTitle(template, name => variables.get(name) ?? null)

test('a process title is its template with the variables filled in', () => {
  expect(expand('{title} {listen-addr} {server-mode}')).toBe('redis-ts *:7000')
  expect(expand('  {{{title}} ')).toBe('{redis-ts}')
  expect(expand('plain')).toBe('plain')
})

test('a template with an open brace or an unknown variable has no title', () => {
  for (const template of ['{', 'a {title', '{nothing}', '{}']) expect(expand(template)).toBeNull()
})

test('a template that would give an empty title is refused', () => {
  expect(checkProcTitle('{title} {listen-addr} {server-mode}')).toBeNull()
  expect(checkProcTitle('{title}{server-mode}')).not.toBeNull()
  expect(checkProcTitle('')).not.toBeNull()
})
