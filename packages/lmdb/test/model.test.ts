import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Log, LogRecord, Retention } from 'rollcall/log'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { encodeRecord, storedBytes } from '../src/codec.ts'
import { OWNER } from '../src/folder/owner.ts'
import { Store } from '../src/folder/store.ts'
import { openLog } from '../src/open.ts'
import { HalfClock, namedRandom } from './half-clock.ts'
import { clearTemporary, temporary } from './temporary.ts'

const record = (payload: unknown): LogRecord => ({ event: 'message', payload, from: null, at: 0 })

/** Sizes, bounds and times come in multiples, so that bounds are met exactly. */
const EMPTY = storedBytes(encodeRecord(record('')))

/** What a topic should hold, as a plain array. */
class Model {
  kept: { offset: number; payload: string; bytes: number; since: number }[] = []
  top = 0
  bounds: Retention | null = null

  append(payload: string, bounds: Retention, now: number) {
    if (this.bounds) this.trim(now)
    this.bounds = bounds
    this.kept.push({ offset: ++this.top, payload, bytes: storedBytes(encodeRecord(record(payload))), since: now })
    this.trim(now)
  }

  trim(now: number) {
    const { bounds } = this
    while (bounds && this.kept[0]) {
      const bytes = this.kept.reduce((sum, each) => sum + each.bytes, 0)
      const isAged = now - this.kept[0].since >= bounds.ageMs
      if (this.kept.length <= bounds.messages && bytes <= bounds.bytes && !isAged) return
      this.kept.shift()
    }
  }
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      topic: fc.constantFrom('a', 'b'),
      sizes: fc.array(fc.constantFrom(0, EMPTY, EMPTY * 4), { minLength: 1, maxLength: 40, size: 'max' }),
      messages: fc.constantFrom(1, 3, 10, 60),
      ageMs: fc.integer({ min: 1, max: 20 }).map((seconds) => seconds * 1_000),
      bytes: fc.constantFrom(1, EMPTY, EMPTY * 10, EMPTY * 50, EMPTY * 1_000),
      refused: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('elapse' as const),
      ms: fc.integer({ min: 0, max: 12 }).map((seconds) => seconds * 1_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('close' as const, 'kill' as const) }) },
)

const append = (topic: 'a' | 'b', messages: 1 | 60, ageMs: number, bytes: number, refused = false) => ({
  kind: 'append' as const,
  topic,
  sizes: [0],
  messages,
  ageMs,
  bytes,
  refused,
})
/** What aged under the old bounds came back under wider ones, when the folder was opened again. Found by chance. */
const WIDENED = [
  append('b', 1, 1_000, EMPTY * 10),
  append('a', 1, 1_000, 1, true),
  append('b', 60, 2_000, EMPTY * 1_000),
  { kind: 'close' as const },
]

afterEach(() => {
  vi.restoreAllMocks()
})

describe('lmdb log', () => {
  it('is a plain array, through closing, killing and a disk that refuses', { timeout: 60_000 }, async () => {
    let refuse = false
    const { transaction } = Store.prototype
    vi.spyOn(Store.prototype, 'transaction').mockImplementation(function (this: Store, body) {
      transaction.call(this, () => {
        body()
        if (refuse) throw new Error('no space')
      })
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), async (steps) => {
        let folder = temporary()
        const clock = new HalfClock()
        const open = () => openLog({ folder, clock, random: namedRandom('e') }, 'boot')
        const opened: Log[] = []
        let log = await open()
        opened.push(log)
        const models = { a: new Model(), b: new Model() }
        const epochs = new Set<string>()
        for (const each of steps) {
          if (each.kind === 'elapse') await clock.advance(each.ms)
          if (each.kind === 'append') {
            const { topic, messages, ageMs, bytes } = each
            const retention = { messages, ageMs, bytes }
            refuse = each.refused
            const payloads = each.sizes.map((size) => 'x'.repeat(size))
            const running = payloads.map((payload) => log.append(topic, record(payload), { retention }))
            const answers = await Promise.allSettled(running)
            refuse = false
            if (each.refused) {
              expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['rejected']))
              await clock.advance(1_000)
            } else {
              for (const payload of payloads) models[topic as 'a'].append(payload, retention, clock.now())
              const last = answers.at(-1)
              expect(last).toMatchObject({ value: { position: { offset: models[topic as 'a'].top } } })
            }
          }
          if (each.kind === 'close') {
            await log.close()
            log = await open()
            opened.push(log)
          }
          if (each.kind === 'kill') {
            const copy = temporary()
            cpSync(folder, copy, { recursive: true })
            rmSync(join(copy, OWNER))
            folder = copy
            log = await open()
            opened.push(log)
          }
          for (const [topic, model] of Object.entries(models)) {
            model.trim(clock.now())
            const page = await log.readAfter(topic, 0, 1_000)
            expect(page.messages.map(({ offset, payload }) => [offset, payload])).toEqual(
              model.kept.map(({ offset, payload }) => [offset, payload]),
            )
            expect({ first: page.first, top: page.top }).toEqual({
              first: model.kept[0]?.offset ?? model.top + 1,
              top: model.top,
            })
            const back = await log.readBefore(topic, model.top, 3)
            expect(back.messages.map(({ offset }) => offset)).toEqual(
              model.kept
                .map(({ offset }) => offset)
                .filter((offset) => offset < model.top)
                .slice(-3),
            )
            epochs.add(page.epoch)
          }
        }
        expect(epochs.size <= 1).toBe(true)
        for (const each of opened) await each.close()
        clearTemporary()
      }),
      { numRuns: 40, examples: [[WIDENED]] },
    )
  })
})
