import type { Suite } from './suite.ts'

/** Offsets, epochs, order and topic names. */
export function positionCases(suite: Suite): void {
  const { withLog, expect, topics } = suite
  suite.describe('positions', () => {
    withLog('the end of an unused topic is offset 0', async ({ log }) => {
      expect((await log.top('room:1')).offset).toBe(0)
      const page = await log.readAfter('room:1', 0, 10)
      expect({ messages: page.messages, first: page.first, top: page.top }).toEqual({ messages: [], first: 1, top: 0 })
    })

    withLog('offsets rise by one from 1 within one epoch', async (subject) => {
      const positions = await subject.appendAll('room:1', 5)
      expect(positions.map((each) => each.offset)).toEqual([1, 2, 3, 4, 5])
      const { epoch, offset } = await subject.log.top('room:1')
      expect(offset).toBe(5)
      expect(new Set([epoch, ...positions.map((each) => each.epoch)]).size).toBe(1)
      expect((await subject.log.readAfter('room:1', 0, 1)).epoch).toBe(epoch)
    })

    withLog('appends started together are accepted in the order they were started', async (subject) => {
      const answers = await Promise.all(Array.from({ length: 300 }, (_, i) => subject.append('room:1', i)))
      expect(answers.map((each) => each.position.offset)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1))
      const page = await subject.log.readAfter('room:1', 0, 1_000)
      expect(page.messages.map((each) => each.payload)).toEqual(Array.from({ length: 300 }, (_, i) => i))
    })

    withLog('each topic counts for itself', async (subject) => {
      await Promise.all([
        subject.append('a', 1),
        subject.append('b', 2),
        subject.append('a', 3),
        subject.append('ab', 4),
      ])
      expect(await subject.payloads('a')).toEqual([1, 3])
      expect(await subject.payloads('b')).toEqual([2])
      expect(await subject.payloads('ab')).toEqual([4])
      expect((await subject.log.top('a')).offset).toBe(2)
    })

    for (const topic of topics) {
      withLog(`a topic may be called ${JSON.stringify(topic)}`, async (subject) => {
        await subject.append(topic, 'own')
        expect(await subject.payloads(topic)).toEqual(['own'])
        for (const other of topics) if (other !== topic) expect((await subject.log.top(other)).offset).toBe(0)
      })
    }
  })
}
