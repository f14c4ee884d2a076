import { expect, test } from 'vitest'
import type { Part } from './part.ts'
import { becomes, LIMITS, meets } from './world.ts'

export function limits({ subject, world, has }: Part): void {
  const { fates } = subject
  const nested = (depth: number): unknown => (depth === 0 ? 'x' : [nested(depth - 1)])

  test('a message that is too big is not accepted, and harms nobody', async () => {
    const [tyr, bob] = [await world().join('tyr', 'room:a'), await world().join('bob', 'room:a')]
    await meets(fates.tooBig, tyr, tyr.send('room:a', 'x'.repeat(LIMITS.messageBytes + 1)))
    await bob.send('room:a', 'fine')
    await becomes(() => bob.messages('room:a'), ['fine'])
    expect(world().handled).toEqual([['bob', 'fine']])
  })

  test.skipIf(!has('depth'))('a message nested too deep is not accepted, and harms nobody', async () => {
    const [tyr, bob] = [await world().join('tyr', 'room:a'), await world().join('bob', 'room:a')]
    await meets(fates.tooDeep, tyr, tyr.send('room:a', nested(LIMITS.messageDepth + 1)))
    await bob.send('room:a', nested(LIMITS.messageDepth - 4))
    await becomes(() => JSON.stringify(bob.messages('room:a')), JSON.stringify([nested(LIMITS.messageDepth - 4)]))
  })

  test.skipIf(!has('channels'))('a connection has a bounded number of channels', async () => {
    const tyr = await world().connect('tyr')
    for (let i = 0; i < LIMITS.channelsPerConnection; i++) await tyr.join(`room:${i}`)
    await meets(fates.tooManyChannels, tyr, tyr.join('room:more'))
    if (tyr.closed) return
    await tyr.leave('room:0')
    await tyr.join('room:more')
    await tyr.send('room:more', 'room for one')
    await becomes(() => tyr.messages('room:more'), ['room for one'])
  })
}
