import { expect, test } from 'vitest'
import type { Part } from './part.ts'
import { becomes, meets, until } from './world.ts'

export function leaving({ subject, world, has }: Part): void {
  const { fates } = subject

  test.skipIf(!has('channels'))('after a leave is acknowledged nothing more comes', async () => {
    const [tyr, bob] = [await world().join('tyr', 'room:a', 'Tyr'), await world().join('bob', 'room:a')]
    await tyr.join('room:b')
    await tyr.leave('room:a')
    const had = tyr.messages('room:a').length
    await bob.send('room:a', 'after')
    await becomes(() => bob.messages('room:a'), ['after'])
    // A round trip on the same connection: anything sent before would have come.
    await tyr.send('room:b', 'here')
    await becomes(() => tyr.messages('room:b'), ['here'])
    expect(tyr.messages('room:a').length).toBe(had)
    expect(await world().names('room:a')).toEqual([])
  })

  test.skipIf(!has('channels'))('a channel that was left can be joined again', async () => {
    const tyr = await world().join('tyr', 'room:a')
    await tyr.leave('room:a')
    await tyr.join('room:a')
    await tyr.send('room:a', 'back')
    await becomes(() => tyr.messages('room:a'), ['back'])
  })

  test('whom the application kicks is told why, and gets nothing more', async () => {
    const [tyr, bob] = [await world().join('tyr', 'room:a', 'Tyr'), await world().join('bob', 'room:a')]
    expect(await world().app.channel('room:a').kick({ user: 'tyr' }, 'spam')).toBe(1)
    await bob.send('room:a', 'after')
    await becomes(() => bob.messages('room:a'), ['after'])
    if (fates.kicked === 'left') {
      await becomes(() => tyr.ended('room:a'), 'spam')
      expect(tyr.closed).toBeNull()
    } else {
      await until(() => tyr.closed !== null)
      expect(tyr.closed).toEqual({ code: fates.kicked.closed, reason: 'spam' })
    }
    expect(tyr.messages('room:a')).toEqual([])
    expect(await world().names('room:a')).toEqual([])
  })

  test('a user whom the application disconnects is out everywhere', async () => {
    const [tyr, again] = [await world().join('tyr', 'room:a'), await world().join('tyr', 'room:b')]
    const bob = await world().join('bob', 'room:a')
    expect(await world().app.disconnect({ user: 'tyr' }, 'banned')).toBe(2)
    for (const client of [tyr, again]) await meets(fates.disconnected, client, Promise.resolve())
    expect(bob.closed).toBeNull()
  })

  test('a server that stops tells its clients', async () => {
    const tyr = await world().join('tyr', 'room:a')
    const closing = world().app.close({ timeoutMs: 500 })
    await meets(fates.goingAway, tyr, Promise.resolve())
    await closing
  })
}
