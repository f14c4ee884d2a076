import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Log, LogPage } from 'rollcall/log'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OWNER } from '../src/folder/owner.ts'
import { Store } from '../src/folder/store.ts'
import { openLog } from '../src/open.ts'
import type { Accepted } from '../src/options.ts'
import { killed } from './folder-image.ts'
import { HalfClock, namedRandom, turn } from './half-clock.ts'
import { clearTemporary, temporary } from './temporary.ts'

const PAGE = 4096
const TOPICS = ['a', 'b', 'c', 'd', 'e']
const retention = { messages: 20, ageMs: 86_400_000, bytes: 1_000_000 }

async function contentOf(log: Log): Promise<LogPage['messages'][]> {
  const pages: LogPage['messages'][] = []
  for (const topic of TOPICS) pages.push((await log.readAfter(topic, 0, 100)).messages)
  return pages
}

/** One message for each number, to the topic of that number. */
function appendAll(log: Log, topics: readonly number[], text: string): Promise<unknown>[] {
  return topics.map(async (topic) =>
    log.append(TOPICS[topic] ?? 'a', { event: 'e', payload: text, from: null, at: 0 }, { retention }),
  )
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a loss of power', () => {
  const batch = fc.record({
    topics: fc.array(fc.nat(4), { minLength: 1, maxLength: 60 }),
    size: fc.constantFrom(10, 500, 6_000),
  })

  for (const accepted of ['written', 'synced'] as const) {
    it(`leaves what was flushed, whatever pages arrived since (${accepted})`, { timeout: 60_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(batch, { minLength: 1, maxLength: 6 }),
          fc.array(batch, { maxLength: 6 }),
          fc.infiniteStream(fc.boolean()),
          fc.boolean(),
          async (before, after, arrived, isSealTorn) => {
            vi.restoreAllMocks()
            const seals = watchSeals()
            const folder = temporary()
            const clock = new HalfClock()
            const log = await openLog({ folder, accepted, clock, random: namedRandom('one') }, 'boot one')
            for (const { topics, size } of before) await Promise.all(appendAll(log, topics, 'x'.repeat(size)))
            await clock.advance(1_000)
            await seals.idle()
            const content = await contentOf(log)
            const { epoch } = await log.top('a')
            const durable = readAll(folder)

            // Nothing is flushed from here on. What is appended is written; with `synced` it is never accepted.
            seals.stop()
            for (const { topics, size } of after) {
              void Promise.allSettled(appendAll(log, topics, 'y'.repeat(size)))
              await turn()
            }
            const lost = lossOf(durable, readAll(folder), arrived)
            if (isSealTorn) lost.set('seal', tearOlderSlot(durable.get('seal') ?? Buffer.alloc(0)))
            vi.restoreAllMocks()

            const copy = temporary()
            mkdirSync(copy)
            for (const [name, bytes] of lost) writeFileSync(join(copy, name), bytes)
            const again = await openLog({ folder: copy, accepted, clock, random: namedRandom('two') }, 'boot two')
            expect(await contentOf(again)).toEqual(content)
            expect((await again.top('a')).epoch === epoch).toBe(accepted === 'synced')
            await Promise.all(appendAll(again, [0, 1, 2, 3, 4], 'z'))
            await again.close()
            const last = await openLog({ folder: copy, clock, random: namedRandom('three') }, 'boot three')
            expect((await contentOf(last)).map((each) => each.at(-1)?.payload)).toEqual(TOPICS.map(() => 'z'))
            await last.close()
            await seals.abandoned(log)
          },
        ),
        { numRuns: 12 },
      )
    })
  }

  it('while a killed log is opened again costs nothing more', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(batch, { minLength: 2, maxLength: 8 }),
        fc.infiniteStream(fc.boolean()),
        async (batches, arrived) => {
          vi.restoreAllMocks()
          const seals = watchSeals()
          const folder = temporary()
          const clock = new HalfClock()
          const log = await openLog({ folder, accepted: 'memory', clock, random: namedRandom('one') }, 'boot one')
          let durable = readAll(folder)
          seals.stop()
          for (const { topics, size } of batches) {
            void Promise.all(appendAll(log, topics, 'x'.repeat(size)))
            await turn()
          }
          const copy = killed(folder)
          let written = durable
          const { sealSync, transaction } = Store.prototype
          vi.spyOn(Store.prototype, 'sealSync').mockImplementation(function (this: Store, mark) {
            sealSync.call(this, mark)
            if (written === durable) written = durable = readAll(copy)
          })
          vi.spyOn(Store.prototype, 'transaction').mockImplementation(function (this: Store, body) {
            transaction.call(this, body)
            written = readAll(copy)
          })
          const again = await openLog({ folder: copy, clock, random: namedRandom('two') }, 'boot one')
          const content = await contentOf(again)
          vi.restoreAllMocks()
          expect(written).not.toBe(durable)
          const lost = temporary()
          mkdirSync(lost)
          for (const [name, bytes] of lossOf(durable, written, arrived)) writeFileSync(join(lost, name), bytes)
          const last = await openLog({ folder: lost, clock, random: namedRandom('three') }, 'boot two')
          expect(await contentOf(last)).toEqual(content)
          await last.close()
          await again.close()
          await seals.abandoned(log)
        },
      ),
      { numRuns: 12 },
    )
  })
})

describe('after a kill', () => {
  it.each<[Accepted, string, boolean]>([
    ['memory', 'a new epoch', false],
    ['written', 'the same epoch', true],
    ['synced', 'the same epoch', true],
  ])('a log with %s has %s', async (accepted, _, isSame) => {
    const folder = temporary()
    const clock = new HalfClock()
    const log = await openLog({ folder, accepted, clock, random: namedRandom('one') }, 'boot')
    await Promise.all(appendAll(log, [0, 0, 0], 'x'))
    await turn()
    const { epoch } = await log.top('a')
    const copy = killed(folder)
    const again = await openLog({ folder: copy, accepted, clock, random: namedRandom('two') }, 'boot')
    const top = await again.top('a')
    expect(top.offset).toBe(3)
    expect(top.epoch === epoch).toBe(isSame)
    await again.close()
    // A close is whole, whatever the mode.
    const last = await openLog({ folder: copy, accepted, clock, random: namedRandom('three') }, 'another boot')
    expect(await last.top('a')).toEqual(top)
    await last.close()
    await log.close()
  })

  it('keys of idempotency are known', async () => {
    const folder = temporary()
    const clock = new HalfClock()
    const open = (path: string) => openLog({ folder: path, clock, random: namedRandom('e') }, 'boot')
    const log = await open(folder)
    const append = (each: Log) =>
      each.append('a', { event: 'e', payload: 1, from: null, at: 0 }, { retention, idempotencyKey: 'k' })
    const first = await append(log)
    const again = await open(killed(folder))
    expect(await append(again)).toEqual({ ...first, duplicate: true })
    await again.close()
    await log.close()
  })
})

/** Counts the flushes under way. Until `stop`, they run; from then on they wait, and fail when the log is `abandoned`. */
function watchSeals() {
  const { seal } = Store.prototype
  let running = 0
  let isStopped = false
  const stopped: ((error: Error) => void)[] = []
  vi.spyOn(Store.prototype, 'seal').mockImplementation(function (this: Store, mark, done) {
    if (isStopped) {
      stopped.push(done)
      return
    }
    running++
    seal.call(this, mark, (error) => {
      running--
      done(error)
    })
  })
  return {
    async idle() {
      while (running > 0) await turn()
    },
    stop() {
      isStopped = true
    },
    async abandoned(log: Log) {
      vi.restoreAllMocks()
      for (const fail of stopped) fail(new Error('no power'))
      await log.close().catch(() => {})
      clearTemporary()
    },
  }
}

function readAll(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder).filter((name) => name !== OWNER)
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]))
}

/** What the disk may hold: each page as it was when it was flushed, or as it was last written. */
function lossOf(
  durable: ReadonlyMap<string, Buffer>,
  written: ReadonlyMap<string, Buffer>,
  arrived: Iterator<boolean>,
): Map<string, Buffer> {
  const lost = new Map(durable)
  const old = durable.get('data.mdb') ?? Buffer.alloc(0)
  const now = written.get('data.mdb') ?? Buffer.alloc(0)
  const data = Buffer.alloc(now.length)
  for (let at = 0; at < now.length; at += PAGE) {
    const source = arrived.next().value ? now : old
    if (at < source.length) source.copy(data, at, at, at + PAGE)
  }
  lost.set('data.mdb', data)
  return lost
}

/** The next seal was being written, into the slot of the older one. */
function tearOlderSlot(seal: Buffer): Buffer {
  const torn = Buffer.from(seal)
  const older = seal.readDoubleLE(8) < seal.readDoubleLE(PAGE + 8) ? 0 : PAGE
  torn.fill(0xa5, older + 20, older + 100)
  return torn
}
