import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AddressList } from '../../../src/store/ordered-tree/address-list.js'
import { Slabs } from '../../../src/store/slabs/slabs.js'

test('a list of addresses is a stack that leaves no memory behind', () => {
  const runs = fc.array(fc.record({ add: fc.nat(400), take: fc.nat(400) }), { maxLength: 20 })
  fc.assert(
    fc.property(runs, each => {
      const slabs = new Slabs()
      const list = new AddressList(slabs)
      const model: number[] = []
      for (const { add, take } of each) {
        for (let i = 1; i <= add; i++) {
          list.add(0xffffffff - i)
          model.push(0xffffffff - i)
        }
        for (let i = 0; i < take; i++) if (list.take() !== (model.pop() ?? 0)) expect.fail('another address')
        expect(list.isEmpty).toBe(model.length === 0)
      }
      while (!list.isEmpty) expect(list.take()).toBe(model.pop())
      expect(model).toEqual([])
      expect(slabs.usedBytes).toBe(0)
    }),
  )
})
