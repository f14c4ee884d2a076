import { expect, test } from 'vitest'
import type { Part } from './part.ts'
import { becomes, meets } from './world.ts'

export function joining({ subject, world, has }: Part): void {
  const { fates } = subject

  test('a client joins as the user that authenticate made of it', async () => {
    await world().join('tyr', 'room:a')
    const [connection] = world().app.connections()
    expect(connection?.user).toEqual({ id: 'tyr' })
    expect(connection?.dialect).toBe(subject.dialects[0]?.name ?? 'rollcall')
  })

  test.each(['room:a/b', 'room:a b', 'room:ä😀', 'room:100%', 'room:?#&=+', 'room:__proto__', 'room:"\\'])(
    'the topic %s is a topic like any other',
    async (topic) => {
      const [tyr, bob] = [await world().join('tyr', topic), await world().join('bob', topic)]
      await tyr.send(topic, 'hi')
      await becomes(() => bob.messages(topic), ['hi'])
    },
  )

  test('a join that the application refuses is told why, and harms nobody', async () => {
    const bob = await world().join('bob', 'room:a')
    const tyr = await world().connect('tyr')
    const joined = tyr.join('room:closed')
    if ('refused' in fates.joinRefused) await expect(joined).rejects.toThrow('not today')
    await meets(fates.joinRefused, tyr, joined)
    if (tyr.closed) expect(tyr.closed.reason).toContain('not today')
    await bob.send('room:a', 'still here')
    await becomes(() => bob.messages('room:a'), ['still here'])
  })

  test('a topic that no channel covers is refused', async () => {
    const tyr = await world().connect('tyr')
    await meets(fates.unknownTopic, tyr, tyr.join('nothing:here'))
  })

  test('whom authenticate refuses does not get in', async () => {
    const nobody = await world().connect('nobody')
    await meets(fates.unauthorized, nobody, nobody.join('room:a'))
  })

  test.skipIf(!has('channels'))('one connection is in several channels', async () => {
    const tyr = await world().join('tyr', 'room:a')
    await tyr.join('room:b')
    await tyr.send('room:a', 'to a')
    await tyr.send('room:b', 'to b')
    await becomes(() => [tyr.messages('room:a'), tyr.messages('room:b')], [['to a'], ['to b']])
  })
}
