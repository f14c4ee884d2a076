import { contractPayloads } from './cases.ts'
import { type Subject, textOf, WIDE } from './subject.ts'
import { type Suite, WINDOW_MS } from './suite.ts'

/** What a durable log still knows when it is opened again. */
export function durabilityCases(suite: Suite): void {
  const { withLog, expect, traits } = suite
  suite.describe('opening again', () => {
    const reopening = (fact: string, body: (subject: Subject) => Promise<void>): void =>
      withLog(fact, body, traits.durable === true)

    reopening('epoch, offsets and messages are the same', async (subject) => {
      const positions = await subject.appendAll('room:1', 5, { ...WIDE, messages: 3 })
      for (const [, payload] of contractPayloads) await subject.append('room:2', payload)
      await subject.reopen()
      expect(await subject.log.top('room:1')).toEqual(positions[4])
      const page = await subject.log.readAfter('room:1', 0, 10)
      expect(page.epoch).toBe(positions[4]?.epoch)
      expect(page.messages.map((each) => [each.offset, each.payload])).toEqual([
        [3, 2],
        [4, 3],
        [5, 4],
      ])
      const others = await subject.log.readAfter('room:2', 0, 1_000)
      expect(others.messages.map((each) => textOf(each.payload))).toEqual(
        contractPayloads.map(([, each]) => textOf(each)),
      )
      expect((await subject.append('room:1', 'next')).position).toEqual({ ...positions[4], offset: 6 })
    })

    reopening('keys within the window are known', async (subject) => {
      const first = await subject.append('room:1', 'one', { idempotencyKey: 'k' })
      await subject.reopen()
      const again = await subject.append('room:1', 'again', { idempotencyKey: 'k' })
      expect(again).toEqual({ position: first.position, duplicate: true })
      await subject.elapse(WINDOW_MS + 100)
      expect((await subject.append('room:1', 'later', { idempotencyKey: 'k' })).duplicate).toBe(false)
    })

    reopening('a place outlives its messages', async (subject) => {
      const retention = { ...WIDE, ageMs: 1_000 }
      const positions = await subject.appendAll('room:1', 2, retention)
      await subject.elapse(1_100)
      await subject.reopen()
      expect(await subject.log.top('room:1')).toEqual(positions[1])
      expect((await subject.append('room:1', 'next', { retention })).position.offset).toBe(3)
    })
  })
}
