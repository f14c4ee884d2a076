import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RoomsApp, roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'

let app: RoomsApp

beforeEach(() => {
  ;({ app } = roomsApp())
})
afterEach(() => app.close({ timeoutMs: 10 }))

/** Every state of every entry that a peer was told of, as `id:rev`, with its name. */
function statesTold(peer: Peer): Map<string, Set<string>> {
  const states = new Map<string, Set<string>>()
  for (const [kind, , frame] of peer.frames) {
    if (kind !== 'presence') continue
    const { set = [] } = frame as { set?: [string, string, { name: string }, number][] }
    for (const [id, , { name }, rev] of set) {
      const state = `${id}:${rev}`
      states.set(state, (states.get(state) ?? new Set()).add(name))
    }
  }
  return states
}

test('who leaves and comes back under another name is told so, however fast', async () => {
  const bob = new Peer(app)
  await bob.hello({ credentials: { user: 'Bob' } })
  await bob.join('room:x', { presence: { name: 'Bob' } })
  const alice = new Peer(app)
  await alice.hello({ credentials: { user: 'Alice' } })
  for (const name of ['Alice', 'Alicia', 'Lissy']) {
    await alice.join('room:x', { presence: { name } })
    await eventually(() => expect(bob.roster).toEqual([name, 'Bob'].sort()))
    await alice.ask('leave', 'room:x')
  }
  for (const names of statesTold(bob).values()) expect([...names]).toHaveLength(1)
})

test('an entry that comes into a channel opened anew is not taken for its former self', async () => {
  const alice = new Peer(app)
  await alice.hello({ credentials: { user: 'Alice' } })
  const first = await alice.join('room:y', { presence: { name: 'Alice' } })
  await alice.ask('leave', 'room:y')
  const second = await alice.join('room:z', { presence: { name: 'Alicia' } })
  const rev = ({ entry }: Record<string, unknown>) => (entry as [string, string, unknown, number])[3]
  expect(rev(second)).toBeGreaterThan(rev(first))
})
