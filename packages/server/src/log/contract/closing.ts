import { record, WIDE } from './subject.ts'
import type { Suite } from './suite.ts'

/** The end of a log. */
export function closingCases(suite: Suite): void {
  const { withLog, expect } = suite
  suite.describe('closing', () => {
    withLog('close may be called twice, and again at once', async ({ log }) => {
      await log.append('room:1', record(1), { retention: WIDE })
      await Promise.all([log.close(), log.close()])
      await log.close()
    })

    withLog('after close everything is refused as unavailable', async ({ log }) => {
      await log.append('room:1', record(1), { retention: WIDE })
      await log.close()
      const listener = { message: () => {}, reset: () => {} }
      for (const call of [
        () => log.append('room:1', record(2), { retention: WIDE }),
        () => log.readAfter('room:1', 0, 1),
        () => log.readBefore('room:1', 9, 1),
        () => log.top('room:1'),
        () => log.follow('room:1', listener),
      ]) {
        let answer: unknown
        // Called outside of the try: a log rejects, it never throws.
        const running = call()
        try {
          answer = await running
        } catch (error) {
          answer = error instanceof Error ? error.name : error
        }
        expect(answer).toBe('LogUnavailable')
      }
    })

    withLog('close settles every append that was started', async (subject) => {
      const running = Array.from({ length: 20 }, (_, i) => subject.append('room:1', i))
      await subject.log.close()
      const settled = await Promise.allSettled(running)
      const accepted = settled.filter((each) => each.status === 'fulfilled').map((each) => each.value.position.offset)
      expect(accepted).toEqual(Array.from({ length: accepted.length }, (_, i) => i + 1))
    })
  })
}
