import type { Appended } from '../log.ts'
import type { Suite } from './suite.ts'

/** Feeds: from the end on, each message once, in order. */
export function followingCases(suite: Suite): void {
  const { withLog, expect } = suite
  suite.describe('following', () => {
    withLog('a feed begins at the end', async (subject) => {
      const positions = await subject.appendAll('room:1', 3)
      const feed = await subject.follow('room:1')
      expect(feed.position).toEqual(positions[2])
      await subject.append('room:1', 'four')
      await subject.until(() => feed.offsets.length === 1)
      expect(feed.offsets).toEqual([4])
      expect(feed.epochs).toEqual([feed.position.epoch])
    })

    withLog('a feed misses and repeats nothing while appends run', async (subject) => {
      const running: Promise<Appended>[] = []
      for (let i = 0; i < 50; i++) running.push(subject.append('room:1', i))
      const opening = subject.follow('room:1')
      for (let i = 50; i < 200; i++) running.push(subject.append('room:1', i))
      const feed = await opening
      for (let i = 200; i < 300; i++) running.push(subject.append('room:1', i))
      await Promise.all(running)
      await subject.until(() => feed.offsets.at(-1) === 300)
      const expected = Array.from({ length: 300 - feed.position.offset }, (_, i) => feed.position.offset + 1 + i)
      expect(feed.offsets).toEqual(expected)
      expect(feed.payloads).toEqual(expected.map((each) => each - 1))
    })

    withLog('what is read up to the feed, and the feed, are everything once', async (subject) => {
      const running = Array.from({ length: 100 }, (_, i) => subject.append('room:1', i))
      const feed = await subject.follow('room:1')
      running.push(...Array.from({ length: 100 }, (_, i) => subject.append('room:1', 100 + i)))
      const read = await subject.log.readAfter('room:1', 0, 1_000)
      await Promise.all(running)
      await subject.until(() => feed.offsets.at(-1) === 200)
      expect(read.top >= feed.position.offset).toBe(true)
      const seen = read.messages.map((each) => each.offset)
      const all = [...seen, ...feed.offsets.filter((each) => each > read.top)]
      expect(all).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
    })

    withLog('a stopped feed is silent, and may be stopped twice', async (subject) => {
      const feed = await subject.follow('room:1')
      await subject.append('room:1', 1)
      await subject.until(() => feed.offsets.length === 1)
      feed.stop()
      feed.stop()
      await subject.append('room:1', 2)
      const next = await subject.follow('room:1')
      await subject.append('room:1', 3)
      await subject.until(() => next.offsets.length === 1)
      expect(next.offsets).toEqual([3])
      expect(feed.offsets).toEqual([1])
    })

    withLog('feeds of two topics know nothing of each other', async (subject) => {
      const a = await subject.follow('a')
      const b = await subject.follow('b')
      await Promise.all([subject.append('a', 1), subject.append('b', 2), subject.append('a', 3)])
      await subject.until(() => a.offsets.length === 2 && b.offsets.length === 1)
      expect(a.payloads).toEqual([1, 3])
      expect(b.payloads).toEqual([2])
      a.stop()
      await subject.append('b', 4)
      await subject.until(() => b.offsets.length === 2)
      expect(b.payloads).toEqual([2, 4])
    })

    withLog('a listener that throws harms neither the append nor the feed', async (subject) => {
      const heard: number[] = []
      await subject.log.follow('room:1', {
        message(message) {
          heard.push(message.offset)
          throw new Error('a fault of the listener')
        },
        reset: () => {},
      })
      const other = await subject.follow('room:2')
      expect((await subject.appendAll('room:1', 3)).map((each) => each.offset)).toEqual([1, 2, 3])
      await subject.append('room:2', 'hi')
      await subject.until(() => heard.length === 3 && other.offsets.length === 1)
      expect(heard).toEqual([1, 2, 3])
      expect(other.offsets).toEqual([1])
    })

    withLog('a listener may append', async (subject) => {
      const heard: unknown[] = []
      await subject.log.follow('room:1', {
        message(message) {
          heard.push(message.payload)
          if (heard.length < 4) void subject.append('room:1', heard.length)
        },
        reset: () => {},
      })
      await subject.append('room:1', 'first')
      await subject.until(() => heard.length === 4)
      expect(heard).toEqual(['first', 1, 2, 3])
    })
  })
}
