import { expect, test } from 'vitest'
import { RdbOutput } from '../../../src/rdb/output.js'
import type { FormTaker, HeldForm, HoldOptions } from '../../../src/types/held-form.js'
import { writeValue } from '../../../src/types/kinds.js'
import { sortedSetKind } from '../../../src/types/sorted-set/sorted-set-kind.js'
import { defaultLimits } from '../../../src/types/value-limits.js'
import { add, bytesOf, newDatabase, openKey } from './model.js'

const LIMITS = defaultLimits().sortedSet
/** Shorter ones go with others, longer ones alone, and the longest ones lie in chunks of their own. */
const LONG = 20_000
const LONGEST = 70_000

/** All that a form gives, with something done in between. */
function formBytes(form: HeldForm, compress: boolean, between: () => void): Buffer {
  const out = new RdbOutput()
  const taker: FormTaker = {
    out,
    append: () => expect.fail('nothing is written aside'),
    string: held => {
      between()
      const bytes = Buffer.alloc(held.length)
      held.read(0, held.length, bytes, 0)
      held.release()
      out.string(bytes, 0, bytes.length, compress)
    },
  }
  let pieces = 0
  for (let before = 0; form.next(taker); before = out.length, pieces++) {
    expect(out.length - before).toBeLessThan(LONGEST + 40_000)
    between()
  }
  form.close()
  expect(pieces).toBeGreaterThan(20)
  return out.take()
}

test.each<[string, HoldOptions]>([
  ['alone', { compress: false, snapshot: null }],
  ['alone, compressed', { compress: true, snapshot: null }],
  ['in a snapshot', { compress: true, snapshot: { epoch: 1, spare: () => null } }],
])('the form of a large sorted set %s is that of the moment it was held', (_, options) => {
  const db = newDatabase()
  const member = (i: number): string =>
    `member ${i}${'x'.repeat(i % 500 === 7 ? LONG : i % 500 === 9 ? LONGEST : i % 90)}`
  for (let i = 0; i < 5000; i++) add(openKey(db), member(i), (i * 7919) % 1000, LIMITS)
  const { address } = openKey(db)
  const whole = new RdbOutput()
  writeValue(whole, db.keyspace, address, options.compress)
  let step = 0
  const disturb = (): void => {
    step++
    const { buffer, end } = bytesOf(member((step * 500 + 7) % 5000))
    openKey(db).remove(buffer, 0, end)
    for (let i = 0; i < 20; i++) add(openKey(db), member((step * 37 + i) % 5000), step + i / 2, LIMITS)
    add(openKey(db), `new ${step}`, step, LIMITS)
    db.keyspace.collectGarbage(0)
  }
  const form = sortedSetKind.hold(db.keyspace, address, options)
  expect(formBytes(form, options.compress, disturb).equals(whole.take())).toBe(true)
  db.remove(openKey(db).address)
  while (!db.keyspace.collectGarbage(0));
  expect(db.entries.usedBytes).toBe(0)
})
