import { type Log, LogUnavailable, memoryLog } from 'rollcall/log'
import { logContract } from 'rollcall/log/contract'
import { beforeEach, describe, expect, it } from 'vitest'
import { type ManualClock, manualClock, type RemoteLog, remoteLog, seededRandom } from '../src/index.ts'
import { promptClock } from './prompt-clock.ts'

for (const [name, conditions] of [
  ['a log that is near', {}],
  ['a log that is far away', { delayMs: 1, jitterMs: 1 }],
] as const)
  logContract(
    name,
    ({ idempotencyWindowMs }) => {
      const clock = manualClock()
      const random = seededRandom(1)
      const near = memoryLog({ clock, random, idempotencyWindowMs })
      const log = remoteLog(near, { clock: promptClock, logClock: promptClock, random, conditions })
      // What is far away needs real time as well.
      const elapse = (ms: number) =>
        clock.advance(ms).then(() => new Promise<void>((resolve) => setTimeout(resolve, 1)))
      return { log, elapse, dispose: () => near.close() }
    },
    { describe, it, expect },
  )

const retention = { messages: 100, ageMs: 1_000_000, bytes: 1_000_000 }
const record = (payload: string) => ({ event: 'said', payload, from: null, at: 0 })

let clock: ManualClock
let store: Log
let log: RemoteLog

beforeEach(() => {
  clock = manualClock()
  const random = seededRandom(4)
  store = memoryLog({ clock, random })
  log = remoteLog(store, { clock, logClock: clock, random, conditions: { delayMs: 10, jitterMs: 5 } })
})

describe('a way to a log', () => {
  it('takes its time there and back', async () => {
    const appended = Promise.resolve(log.append('t', record('a'), { retention }))
    await clock.advance(9)
    expect((await store.top('t')).offset).toBe(0)
    await clock.advance(6)
    expect((await store.top('t')).offset).toBe(1)
    expect((await clock.until(appended, 15)).position.offset).toBe(1)
  })

  it('keeps appends in order, and what is fed', async () => {
    const fed: unknown[] = []
    await clock.until(
      Promise.resolve(log.follow('t', { message: ({ payload }) => void fed.push(payload), reset: () => {} })),
    )
    const texts = Array.from({ length: 20 }, (_, i) => `${i}`)
    await clock.until(Promise.all(texts.map((text) => log.append('t', record(text), { retention }))))
    await clock.advance(20)
    expect(fed).toEqual(texts)
  })

  it('refuses while it leads nowhere, and nothing was appended', async () => {
    log.conditions.unavailable = true
    await expect(log.append('t', record('a'), { retention })).rejects.toThrow(LogUnavailable)
    await expect(log.readAfter('t', 0, 1)).rejects.toThrow(LogUnavailable)
    log.conditions.unavailable = false
    await clock.advance(100)
    expect((await store.top('t')).offset).toBe(0)
  })

  it('may lose the answer to what was appended', async () => {
    log.conditions.loseAnswers = 1
    const appended = Promise.resolve(log.append('t', record('a'), { retention }))
    await expect(clock.until(appended)).rejects.toThrow('did not answer')
    expect((await store.top('t')).offset).toBe(1)
  })

  it('may lose what is fed', async () => {
    const fed: unknown[] = []
    await clock.until(
      Promise.resolve(log.follow('t', { message: ({ payload }) => void fed.push(payload), reset: () => {} })),
    )
    log.conditions.loseFeed = 1
    await clock.until(Promise.resolve(log.append('t', record('lost'), { retention })))
    await clock.advance(50)
    log.conditions.loseFeed = 0
    await clock.until(Promise.resolve(log.append('t', record('fed'), { retention })))
    await clock.advance(50)
    expect(fed).toEqual(['fed'])
  })

  it('ends, and the log goes on', async () => {
    const fed: unknown[] = []
    await clock.until(
      Promise.resolve(log.follow('t', { message: ({ payload }) => void fed.push(payload), reset: () => {} })),
    )
    const underWay = Promise.resolve(log.append('t', record('a'), { retention })).catch(() => 'no answer')
    await log.close()
    await clock.advance(100)
    expect([(await store.top('t')).offset, fed]).toEqual([1, []])
    await expect(log.append('t', record('b'), { retention })).rejects.toThrow(LogUnavailable)
    await clock.until(underWay)
    await store.append('t', record('c'), { retention })
    expect((await store.top('t')).offset).toBe(2)
  })
})
