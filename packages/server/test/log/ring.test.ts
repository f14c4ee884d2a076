import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ring } from '../../src/log/ring.ts'

describe('Ring', () => {
  it('does as an array does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat(), fc.constant('shift' as const)), { maxLength: 200, size: 'max' }),
        (steps) => {
          const ring = new Ring<number>()
          const array: number[] = []
          for (const step of steps) {
            if (step === 'shift') expect(ring.shift()).toBe(array.shift())
            else {
              ring.push(step)
              array.push(step)
            }
            expect(ring.length).toBe(array.length)
            for (let i = -1; i <= array.length; i++) expect(ring.at(i)).toBe(array[i])
          }
        },
      ),
    )
  })
})
