import { expect, test } from 'vitest'
import { sparkline } from '../../src/observe/sparkline.js'

test('draws bars above their labels', () => {
  const columns = [
    { value: 10, label: '5s' },
    { value: 20, label: '14s' },
    { value: 50, label: '3s' },
    { value: 3, label: '2s' },
  ]
  expect(sparkline(columns, 80, 4)).toBe(
    ['  # ', '  | ', ' o| ', 'o||_', '    ', '5132', 's4ss', ' s  ', ''].join('\n'),
  )
})

test('equal values lie on the ground, and more columns than fit go below', () => {
  const columns = Array.from({ length: 3 }, () => ({ value: 7, label: 'x' }))
  expect(sparkline(columns, 2, 1)).toBe('__\n  \nxx\n\n_\n \nx\n')
})
