import type { LogPage, Retention } from '../log.ts'
import type { BoundTrait } from './fixture.ts'
import { type Subject, WIDE } from './subject.ts'
import type { Suite } from './suite.ts'

/** What each bound trims, and what stays. */
export function retentionCases(suite: Suite): void {
  const { withLog, expect, traits } = suite
  suite.describe('retention', () => {
    const bound = (key: keyof Retention): BoundTrait => traits.retention?.[key] ?? 'exact'
    const settled = async (
      subject: Subject,
      key: keyof Retention,
      holds: (page: LogPage) => boolean,
    ): Promise<LogPage> => {
      const read = async (): Promise<LogPage> => subject.log.readAfter('room:1', 0, 1_000)
      if (bound(key) === 'eventually') await subject.until(async () => holds(await read()))
      return read()
    }
    const contiguous = (page: LogPage): void => {
      const offsets = page.messages.map((each) => each.offset)
      expect(offsets).toEqual(Array.from({ length: page.top - page.first + 1 }, (_, i) => page.first + i))
    }

    withLog(
      'the newest messages stay',
      async (subject) => {
        await subject.appendAll('room:1', 10, { ...WIDE, messages: 3 })
        const page = await settled(subject, 'messages', (each) => each.first === 8)
        expect(page.messages.map((each) => each.offset)).toEqual([8, 9, 10])
        expect({ first: page.first, top: page.top }).toEqual({ first: 8, top: 10 })
        const back = await subject.log.readBefore('room:1', 10, 5)
        expect(back.messages.map((each) => each.offset)).toEqual([8, 9])
        expect((await subject.log.readBefore('room:1', 8, 5)).messages).toEqual([])
      },
      bound('messages') !== 'absent',
    )

    withLog(
      'a single message may be kept',
      async (subject) => {
        await subject.appendAll('room:1', 4, { ...WIDE, messages: 1 })
        const page = await settled(subject, 'messages', (each) => each.first === 4)
        expect(page.messages.map((each) => each.offset)).toEqual([4])
      },
      bound('messages') !== 'absent',
    )

    withLog(
      'a narrower bound trims what a wider one kept',
      async (subject) => {
        await subject.appendAll('room:1', 6)
        await subject.append('room:1', 'last', { retention: { ...WIDE, messages: 2 } })
        const page = await settled(subject, 'messages', (each) => each.first === 6)
        expect(page.messages.map((each) => each.offset)).toEqual([6, 7])
      },
      bound('messages') !== 'absent',
    )

    withLog(
      'aged messages go, the place stays',
      async (subject) => {
        const retention = { ...WIDE, ageMs: 1_000 }
        await subject.appendAll('room:1', 3, retention)
        const before = await subject.log.top('room:1')
        await subject.elapse(1_001)
        const page = await settled(subject, 'ageMs', (each) => each.first === 4)
        expect({ messages: page.messages, first: page.first, top: page.top }).toEqual({
          messages: [],
          first: 4,
          top: 3,
        })
        expect(await subject.log.top('room:1')).toEqual(before)
        const { position } = await subject.append('room:1', 'later', { retention })
        expect(position).toEqual({ epoch: before.epoch, offset: 4 })
        expect((await subject.log.readAfter('room:1', 0, 10)).messages.map((each) => each.offset)).toEqual([4])
      },
      bound('ageMs') !== 'absent',
    )

    withLog(
      'age trims the old and keeps the young',
      async (subject) => {
        const retention = { ...WIDE, ageMs: 2_000 }
        await subject.appendAll('room:1', 2, retention)
        await subject.elapse(1_500)
        await subject.append('room:1', 'young', { retention })
        await subject.elapse(600)
        const page = await settled(subject, 'ageMs', (each) => each.first === 3)
        expect(page.messages.map((each) => each.offset)).toEqual([3])
      },
      bound('ageMs') !== 'absent',
    )

    withLog(
      'bytes trim the oldest, whatever a message costs beside its content',
      async (subject) => {
        const retention = { ...WIDE, bytes: 20_000 }
        for (let i = 0; i < 40; i++) await subject.append('room:1', 'x'.repeat(1_000), { retention })
        const page = await settled(subject, 'bytes', (each) => each.messages.length <= 20)
        contiguous(page)
        expect(page.messages.length >= 10 && page.messages.length <= 20).toBe(true)
        expect(page.top).toBe(40)
      },
      bound('bytes') !== 'absent',
    )

    withLog(
      'bytes count those of a binary payload',
      async (subject) => {
        const retention = { ...WIDE, bytes: 20_000 }
        for (let i = 0; i < 20; i++) await subject.append('room:1', new Uint8Array(2_000), { retention })
        const page = await settled(subject, 'bytes', (each) => each.messages.length <= 10)
        contiguous(page)
        expect(page.messages.length >= 5 && page.messages.length <= 10).toBe(true)
      },
      bound('bytes') !== 'absent',
    )
  })
}
