import { expect, test } from 'vitest'
import type { Part } from './part.ts'
import { meets, until } from './world.ts'

// More than the network's own buffers hold.
const COUNT = 2_500
const FILLER = '.'.repeat(8_000)
// For some twenty megabytes, which by polls are hundreds of requests.
const ALL_MS = 45_000

const numbersOf = (messages: readonly unknown[]) => messages.map((text) => Number(String(text).split(' ')[0]))

export function slow({ subject, world }: Part): void {
  test('a client that cannot keep up on a channel with history catches up, in order and with everything', async () => {
    const [tyr, bob] = [await world().join('tyr', 'log:a'), await world().join('bob', 'log:a')]
    const { app } = world()
    tyr.pause()
    for (let i = 1; i <= COUNT; i++) {
      await app.channel('log:a').emit('message', `${i} ${FILLER}`)
      // Turns of their own, as messages come in life.
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await until(() => app.stats().behind > 0)
    await until(() => bob.messages('log:a').length === COUNT, ALL_MS)
    expect(tyr.messages('log:a').length).toBeLessThan(COUNT)
    tyr.resume()
    await until(() => tyr.messages('log:a').length === COUNT, ALL_MS)
    const all = Array.from({ length: COUNT }, (_, i) => i + 1)
    expect(numbersOf(tyr.messages('log:a'))).toEqual(all)
    expect(numbersOf(bob.messages('log:a'))).toEqual(all)
    await app.channel('log:a').emit('message', `${COUNT + 1} live again`)
    await until(() => tyr.messages('log:a').length === COUNT + 1)
    expect(app.stats().closedAsSlow).toBe(0)
  }, 120_000)

  test('on a channel without history it is closed, and harms nobody', async () => {
    const [tyr, bob] = [await world().join('tyr', 'room:a'), await world().join('bob', 'room:a')]
    const { app } = world()
    tyr.pause()
    for (let i = 1; i <= COUNT && app.stats().closedAsSlow === 0; i++) {
      await app.channel('room:a').emit('message', `${i} ${FILLER}`)
      // In runs, each of which bob has read before the next.
      if (i % 20 === 0) await until(() => bob.messages('room:a').length === i)
    }
    expect(app.stats().closedAsSlow).toBe(1)
    tyr.resume()
    await meets(subject.fates.tooSlow, tyr, Promise.resolve())
    await bob.send('room:a', 'still here')
    await until(() => bob.messages('room:a').at(-1) === 'still here')
  }, 120_000)
}
