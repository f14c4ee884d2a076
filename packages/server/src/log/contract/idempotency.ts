import { WIDE } from './subject.ts'
import { type Suite, WINDOW_MS } from './suite.ts'

/** Keys: what is sent again is accepted once. */
export function idempotencyCases(suite: Suite): void {
  const { withLog, expect, traits } = suite
  suite.describe('idempotency', () => {
    const keyed = (idempotencyKey: string): { idempotencyKey: string } => ({ idempotencyKey })

    withLog('a key seen within the window appends nothing and gives the first position', async (subject) => {
      const feed = await subject.follow('room:1')
      const first = await subject.append('room:1', 'one', keyed('k'))
      const second = await subject.append('room:1', 'again', keyed('k'))
      const other = await subject.append('room:1', 'two', keyed('l'))
      expect(first).toEqual({ position: { epoch: first.position.epoch, offset: 1 }, duplicate: false })
      expect(second).toEqual({ position: first.position, duplicate: true })
      expect(other).toEqual({ position: { epoch: first.position.epoch, offset: 2 }, duplicate: false })
      await subject.until(() => feed.offsets.length === 2)
      expect(await subject.payloads('room:1')).toEqual(['one', 'two'])
      expect(feed.payloads).toEqual(['one', 'two'])
    })

    withLog('retries started together are accepted once', async (subject) => {
      const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => subject.append('room:1', i, keyed('k'))))
      expect(answers.map((each) => each.position.offset)).toEqual(new Array(10).fill(1))
      expect(answers.filter((each) => !each.duplicate).length).toBe(1)
      expect((await subject.log.top('room:1')).offset).toBe(1)
    })

    withLog('the window begins with the first append, and retries do not prolong it', async (subject) => {
      await subject.append('room:1', 'one', keyed('k'))
      await subject.elapse(WINDOW_MS / 2)
      expect((await subject.append('room:1', 'again', keyed('k'))).duplicate).toBe(true)
      await subject.elapse(WINDOW_MS / 2 + 100)
      const later = await subject.append('room:1', 'later', keyed('k'))
      expect({ offset: later.position.offset, duplicate: later.duplicate }).toEqual({ offset: 2, duplicate: false })
      expect((await subject.append('room:1', 'again', keyed('k'))).position.offset).toBe(2)
    })

    withLog('a key outlives the trimming of its message', async (subject) => {
      const retention = { ...WIDE, messages: 1 }
      await subject.append('room:1', 'one', { retention, ...keyed('k') })
      await subject.append('room:1', 'two', { retention })
      const again = await subject.append('room:1', 'again', { retention, ...keyed('k') })
      expect({ offset: again.position.offset, duplicate: again.duplicate }).toEqual({ offset: 1, duplicate: true })
    })

    withLog(
      'a key of one topic means nothing in another',
      async (subject) => {
        await subject.append('a', 'one', keyed('k'))
        const other = await subject.append('b', 'two', keyed('k'))
        expect({ offset: other.position.offset, duplicate: other.duplicate }).toEqual({ offset: 1, duplicate: false })
      },
      traits.keysPerTopic ?? true,
    )

    withLog('keys may be any text', async (subject) => {
      const keys = ['', '__proto__', 'constructor', 'toString', 'a b', 'é', 'e\u0301', '💥', 'x'.repeat(256)]
      for (const key of keys) expect((await subject.append('room:1', key, keyed(key))).duplicate).toBe(false)
      for (const key of keys) expect((await subject.append('room:1', key, keyed(key))).duplicate).toBe(true)
      expect((await subject.log.top('room:1')).offset).toBe(keys.length)
    })
  })
}
