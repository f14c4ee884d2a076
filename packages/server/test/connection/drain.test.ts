import { describe, expect, it } from 'vitest'
import { roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'

async function peers(app: ReturnType<typeof roomsApp>['app'], count: number) {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const peer = new Peer(app)
      await peer.hello()
      await peer.join('room:x')
      return peer
    }),
  )
}

const gone = (all: readonly Peer[]) => all.filter(({ closed }) => closed !== null).length

describe('a server that stops', () => {
  it('sends its clients away in stages, with a hint when to come back, and serves the others meanwhile', async () => {
    const { app } = roomsApp()
    const all = await peers(app, 20)
    const closing = app.close({ drainMs: 500, retryAfterMs: 7, spreadMs: 9 })
    await eventually(() => expect(gone(all)).toBeGreaterThan(0))
    expect(gone(all)).toBeLessThan(20)
    const still = all.filter(({ closed }) => closed === null)
    expect((await still.at(-1)?.ask('send', 'room:x', 'message', 'still here'))?.[0]).toBe('ok')
    await closing
    for (const peer of all) {
      expect(peer.closed?.code).toBe(4100)
      expect(peer.of('closing')).toEqual([
        ['closing', { reason: 'the server is stopping', retryAfterMs: 7, spreadMs: 9 }],
      ])
    }
  })

  it('with few clients does not take long, and closing twice is closing once', async () => {
    const { app } = roomsApp()
    const all = await peers(app, 3)
    const first = app.close()
    expect(app.close()).toBe(first)
    await first
    expect(gone(all)).toBe(3)
  })
})
