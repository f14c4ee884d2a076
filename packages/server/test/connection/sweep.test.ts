import type { Session } from '@rollcall/core'
import { manualClock } from '@rollcall/testkit'
import { expect, test } from 'vitest'
import type { Transport } from '../../src/index.ts'
import { roomsApp } from '../support/app.ts'
import { handshake } from '../support/peer.ts'

const transport: Transport = { bufferedBytes: 0, write() {}, close() {}, destroy() {}, pause() {}, resume() {} }

test.each([
  [1, 1],
  [250, 1],
  [251, 2],
  [1_000, 4],
  [2_600, 11],
])('%i connections are looked after once a second each, in %i parts', async (count, parts) => {
  const clock = manualClock()
  const { app } = roomsApp({ clock })
  const ticks: number[][] = []
  for (let i = 0; i < count; i++) {
    const of: number[] = []
    const session: Session = {
      receive: () => [],
      answer: () => [],
      notify: () => [],
      tick(now) {
        of.push(now)
        return []
      },
    }
    ticks.push(of)
    app.accept(transport, session, handshake(), 'test')
  }
  const start = clock.now()
  for (let i = 0; i < 400; i++) await clock.advance(10)
  // The first may wait for a second, and the last of them for another; nobody waits for longer after that.
  for (const of of ticks) {
    expect([2, 3, 4, 5]).toContain(of.length)
    const gaps = of.slice(1).map((at, i) => at - (of[i] ?? 0))
    expect(Math.max((of[0] ?? 0) - start - 1_000, ...gaps)).toBeLessThanOrEqual(1_010)
  }
  const together = new Map<number, number>()
  for (const at of ticks.flat()) together.set(at, (together.get(at) ?? 0) + 1)
  expect(Math.max(...together.values())).toBe(Math.ceil(count / parts))
  const closing = app.close({ timeoutMs: 0 })
  await clock.advance(60_000)
  await closing
})

test('those who stay are looked after while others come and go', async () => {
  const clock = manualClock()
  const errors: string[] = []
  const { app } = roomsApp({ clock, onError: (_, error) => void errors.push(String(error)) })
  const enter = (tick: () => void) => {
    const session: Session = {
      receive: () => [],
      answer: () => [],
      notify: () => [],
      tick() {
        tick()
        return []
      },
    }
    return app.accept(transport, session, handshake(), 'test')
  }
  let ticks = 0
  for (let i = 0; i < 500; i++) enter(() => ticks++)
  enter(() => {
    throw new Error('this one is broken')
  })
  for (let i = 0; i < 300; i++) {
    const guests = Array.from({ length: 10 }, () => enter(() => {}))
    await clock.advance(10)
    clock.after(300, () => {
      for (const guest of guests) guest.closed(1006, '')
    })
  }
  expect(ticks).toBeGreaterThanOrEqual(2 * 500)
  expect(errors.filter((error) => error.includes('this one is broken')).length).toBeGreaterThanOrEqual(2)
  const closing = app.close({ timeoutMs: 0 })
  await clock.advance(60_000)
  await closing
})
