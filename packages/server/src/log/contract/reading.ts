import type { LogMessage } from '../log.ts'
import { contractPayloads } from './cases.ts'
import { textOf, WIDE } from './subject.ts'
import type { Suite } from './suite.ts'

/** Pages, and what a message carries. */
export function readingCases(suite: Suite): void {
  const { withLog, expect } = suite
  suite.describe('reading', () => {
    const cases: readonly [method: 'readAfter' | 'readBefore', place: number, limit: number, expected: number[]][] = [
      ['readAfter', 0, 3, [1, 2, 3]],
      ['readAfter', 0, 100, [1, 2, 3, 4, 5, 6, 7]],
      ['readAfter', 3, 2, [4, 5]],
      ['readAfter', 5, 2, [6, 7]],
      ['readAfter', 6, 2, [7]],
      ['readAfter', 7, 2, []],
      ['readAfter', 8, 2, []],
      ['readAfter', Number.MAX_SAFE_INTEGER, 2, []],
      ['readAfter', 2, 0, []],
      ['readBefore', 8, 3, [5, 6, 7]],
      ['readBefore', Number.MAX_SAFE_INTEGER, 2, [6, 7]],
      ['readBefore', 7, 2, [5, 6]],
      ['readBefore', 3, 2, [1, 2]],
      ['readBefore', 3, 100, [1, 2]],
      ['readBefore', 2, 2, [1]],
      ['readBefore', 1, 2, []],
      ['readBefore', 0, 2, []],
      ['readBefore', 5, 0, []],
    ]
    for (const [method, place, limit, expected] of cases) {
      withLog(`of 7 messages ${method}(${place}, ${limit}) gives [${expected}]`, async (subject) => {
        await subject.appendAll('room:1', 7)
        const page = await subject.log[method]('room:1', place, limit)
        expect(page.messages.map((each) => each.offset)).toEqual(expected)
        expect({ first: page.first, top: page.top }).toEqual({ first: 1, top: 7 })
      })
    }

    withLog('pages forward and back meet without holes or repeats', async (subject) => {
      await subject.appendAll('room:1', 23)
      const forward: number[] = []
      for (let after = 0; after < 23; ) {
        const { messages } = await subject.log.readAfter('room:1', after, 5)
        forward.push(...messages.map((each) => each.offset))
        after = forward.at(-1) ?? 23
      }
      const back: number[] = []
      for (let before = 24; before > 1; ) {
        const { messages } = await subject.log.readBefore('room:1', before, 5)
        back.unshift(...messages.map((each) => each.offset))
        before = back[0] ?? 0
      }
      const all = Array.from({ length: 23 }, (_, i) => i + 1)
      expect(forward).toEqual(all)
      expect(back).toEqual(all)
    })

    withLog('a message comes back as it was appended', async ({ log }) => {
      const from = { key: 'u1', connection: 'c1', name: 'Tyr "the bold"\n' }
      await log.append('room:1', { event: 'message', payload: 'hi', from, at: 1_700_000_000_123 }, { retention: WIDE })
      await log.append('room:1', { event: 'two', payload: 2, from: null, at: 0 }, { retention: WIDE })
      const sender = { key: '', connection: 'c2' }
      await log.append('room:1', { event: '', payload: 3, from: sender, at: 5 }, { retention: WIDE })
      expect((await log.readAfter('room:1', 0, 10)).messages).toEqual([
        { offset: 1, event: 'message', payload: 'hi', from, at: 1_700_000_000_123 },
        { offset: 2, event: 'two', payload: 2, from: null, at: 0 },
        { offset: 3, event: '', payload: 3, from: sender, at: 5 },
      ])
    })

    for (const [kind, payload] of contractPayloads) {
      withLog(`carries a payload of ${kind}, read and fed`, async (subject) => {
        const fed: LogMessage[] = []
        await subject.log.follow('room:1', { message: (message) => fed.push(message), reset: () => {} })
        await subject.append('room:1', payload)
        await subject.until(() => fed.length === 1)
        const { messages } = await subject.log.readAfter('room:1', 0, 10)
        for (const found of [messages[0]?.payload, fed[0]?.payload]) {
          expect(payload instanceof Uint8Array).toBe(found instanceof Uint8Array)
          expect(textOf(found)).toBe(textOf(payload))
        }
      })
    }
  })
}
