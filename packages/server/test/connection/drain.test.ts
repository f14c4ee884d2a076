import { channel, contract } from '@rollcall/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { allow, rollcall } from '../../src/index.ts'
import { roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { Peer } from '../support/peer.ts'
import { steadyClock } from '../support/steady-clock.ts'

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

  it('answers what was asked before it says goodbye, and leaves what comes then to the next connection', async () => {
    let goOn = () => {}
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const said: string[] = []
    const app = rollcall(
      contract({ 'room:{room}': channel({ send: { message: z.string() }, emit: { message: z.string() } }) }),
      {
        'room:{room}': {
          join: () => allow(),
          message: async ({ channel }, text) => {
            said.push(text)
            await waiting
            return channel.emit('message', text)
          },
        },
      },
    )
    const [busy, idle] = [new Peer(app), new Peer(app)]
    for (const peer of [busy, idle]) {
      await peer.hello()
      await peer.join('room:x')
    }
    busy.say('send', 7, 'room:x', 'message', 'asked in time')
    await eventually(() => expect(said).toEqual(['asked in time']))
    const closing = app.close({ drainMs: 0 })
    await eventually(() => expect(idle.closed?.code).toBe(4100))
    expect(busy.closed).toBeNull()
    await eventually(() => expect(busy.of('closing')).toHaveLength(1))
    busy.say('send', 8, 'room:x', 'message', 'too late')
    goOn()
    await eventually(() => expect(busy.closed?.code).toBe(4100))
    await closing
    expect(busy.of('ok').map(([, ref]) => ref)).toContain(7)
    expect(said).toEqual(['asked in time'])
  })

  it('waits a second for an answer and no longer', async () => {
    const app = rollcall(
      contract({ 'room:{room}': channel({ call: { never: { input: z.null(), output: z.null() } } }) }),
      { 'room:{room}': { join: () => allow(), never: () => new Promise<null>(() => {}) } },
      { clock: steadyClock },
    )
    const [patient, gone] = [new Peer(app), new Peer(app)]
    for (const peer of [patient, gone]) {
      await peer.hello()
      await peer.join('room:x')
      peer.say('call', 7, 'room:x', 'never', null)
    }
    const began = steadyClock.now()
    const closing = app.close({ drainMs: 0 })
    await eventually(() => expect(patient.of('closing')).toHaveLength(1))
    gone.lose()
    await closing
    expect(patient.closed?.code).toBe(4100)
    expect(steadyClock.now() - began).toBeGreaterThan(900)
    expect(steadyClock.now() - began).toBeLessThan(3_000)
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
