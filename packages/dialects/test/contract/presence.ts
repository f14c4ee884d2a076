import { expect, test } from 'vitest'
import type { Part } from './part.ts'
import { becomes, GRACE_MS } from './world.ts'

export function presence({ world, has }: Part): void {
  test('whoever gives a name is seen by the server; others are not', async () => {
    await world().join('tyr', 'room:a', 'Tyr')
    await world().join('eve', 'room:a')
    expect(await world().names('room:a')).toEqual(['Tyr'])
  })

  test('a connection that says goodbye leaves at once', async () => {
    const tyr = await world().join('tyr', 'room:a', 'Tyr')
    const bob = await world().join('bob', 'room:a', 'Bob')
    await tyr.close()
    await becomes(() => [...world().app.connections()].length, 1)
    expect(await world().names('room:a')).toEqual(['Bob'])
    if (has('presence')) await becomes(() => bob.members('room:a'), ['Bob'])
  })

  test('a connection that is lost leaves after the grace', async () => {
    const tyr = await world().join('tyr', 'room:a', 'Tyr')
    const lostAt = performance.now()
    tyr.lose()
    await becomes(() => [...world().app.connections()].length, 0)
    const names = await world().names('room:a')
    if (performance.now() - lostAt < GRACE_MS) expect(names).toEqual(['Tyr'])
    let after: string[] = names
    await becomes(() => {
      void world()
        .names('room:a')
        .then((now) => (after = now))
      return after
    }, [])
  })

  test.skipIf(!has('presence'))('a newcomer is told who is here, and the others of the newcomer', async () => {
    const tyr = await world().join('tyr', 'room:a', 'Tyr')
    await becomes(() => tyr.members('room:a'), ['Tyr'])
    const bob = await world().join('bob', 'room:a', 'Bob')
    const eve = await world().join('eve', 'room:a', 'Eve')
    for (const client of [tyr, bob, eve]) await becomes(() => client.members('room:a'), ['Bob', 'Eve', 'Tyr'])
    bob.lose()
    for (const client of [tyr, eve]) await becomes(() => client.members('room:a'), ['Eve', 'Tyr'])
  })

  test.skipIf(!has('presence'))('many that come and go at once leave the same table with everybody', async () => {
    const watcher = await world().join('watcher', 'room:a', 'Watcher')
    const names = Array.from({ length: 20 }, (_, i) => `Client ${i}`)
    const clients = await Promise.all(names.map((name) => world().join(name, 'room:a', name)))
    const staying = clients.filter((_, i) => i % 2 === 0)
    for (const [i, client] of clients.entries()) if (i % 2 === 1) await client.close()
    const left = ['Watcher', ...names.filter((_, i) => i % 2 === 0)].sort()
    for (const client of [watcher, ...staying]) await becomes(() => client.members('room:a'), left)
    expect(await world().names('room:a')).toEqual(left)
  })

  test.skipIf(!has('presence') || !has('update'))('a change of name is seen by all', async () => {
    const [tyr, bob] = [await world().join('tyr', 'room:a', 'Tyr'), await world().join('bob', 'room:a', 'Bob')]
    await tyr.rename?.('room:a', 'Tyr, away')
    for (const client of [tyr, bob]) await becomes(() => client.members('room:a'), ['Bob', 'Tyr, away'])
  })
}
