import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Part } from './part.ts'
import { becomes } from './world.ts'

const NASTY: readonly (string | Uint8Array)[] = [
  '',
  '\u0000',
  '[',
  '{}',
  '[]',
  'null',
  '["__proto__"]',
  '["constructor",1,"room:a"]',
  '[1,2,3]',
  '["join"]',
  '["send",1,{"toString":1}]',
  '"\\ud800"',
  `${'['.repeat(2_000)}${']'.repeat(2_000)}`,
  `{"a":`.repeat(500),
  new Uint8Array(0),
  new Uint8Array([0]),
  new Uint8Array([255, 255, 91]),
  new Uint8Array(4_000).fill(91),
]

export function hostile({ world }: Part): void {
  test('nasty frames harm nobody but their sender', async () => {
    const bob = await world().join('bob', 'room:a')
    for (const frame of NASTY) {
      const joined = await world().join('mallory', 'room:other')
      joined.raw(frame)
      joined.raw('after')
      const fresh = await world().connect('mallory')
      fresh.raw(frame)
      joined.lose()
      fresh.lose()
    }
    await bob.send('room:a', 'unharmed')
    await becomes(() => bob.messages('room:a'), ['unharmed'])
    await becomes(() => [...world().app.connections()].length, 1)
  })

  test('random frames harm nobody but their sender', async () => {
    const bob = await world().join('bob', 'room:a')
    const frame = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.json(), fc.uint8Array({ maxLength: 200 }))
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 8 }), async (frames) => {
        const mallory = await world().join('mallory', 'room:other')
        for (const each of frames) mallory.raw(each)
        const count = bob.messages('room:a').length
        await bob.send('room:a', 'unharmed')
        await becomes(() => bob.messages('room:a').length, count + 1)
        mallory.lose()
      }),
      { numRuns: 25 },
    )
    await becomes(() => [...world().app.connections()].length, 1)
  })

  test('a connection that is closed twice, or lost while it joins, is gone', async () => {
    const tyr = await world().join('tyr', 'room:a', 'Tyr')
    await tyr.close()
    await tyr.close()
    tyr.lose()
    const bob = await world().connect('bob')
    const joining = bob.join('room:a', { name: 'Bob' })
    joining.catch(() => {})
    bob.lose()
    bob.lose()
    await becomes(() => [...world().app.connections()].length, 0)
    expect(tyr.closed).not.toBeNull()
  })
}
