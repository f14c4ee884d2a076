import { manualClock } from '@rollcall/testkit'
import { describe, expect, test } from 'vitest'
import { Answers } from '../../src/socket.io/server/answers.ts'
import { type Middleware, runChain, type Verdict } from '../../src/socket.io/server/chain.ts'
import { type Asked, Gathering } from '../../src/socket.io/server/gathering.ts'

describe('a chain of middlewares', () => {
  const run = (...chain: Middleware<string>[]) => {
    const ends: Verdict[] = []
    const reported: string[] = []
    runChain(
      chain,
      'subject',
      (what, error) => void reported.push(`${what}: ${String(error)}`),
      (verdict) => void ends.push(verdict),
    )
    return { ends, reported }
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  const passes: Middleware<string> = (_, next) => next()

  test.each<[string, Middleware<string>[], Verdict]>([
    ['none', [], null],
    ['some that pass', [passes, passes], null],
    ['one that passes later', [passes, (_, next) => void queueMicrotask(next)], null],
    ['an async one', [async (_, next) => next(), passes], null],
    ['one that refuses', [passes, (_, next) => next('no'), passes], { error: 'no', unexpected: false }],
    ['one that passes twice', [(_, next) => [next(), next()], passes], null],
    ['one that passes and then refuses', [(_, next) => [next(), next('no')]], null],
    ['one that refuses twice', [(_, next) => [next('a'), next('b')]], { error: 'a', unexpected: false }],
    ['one that throws', [() => thrown('no'), passes], { error: 'no', unexpected: true }],
    ['one that rejects', [async () => thrown('no')], { error: 'no', unexpected: true }],
    // A falsy error is none, as everybody knows from Express.
    ['one that passes with null', [(_, next) => next(null)], null],
  ])('with %s ends once', async (_, chain, verdict) => {
    const { ends, reported } = run(...chain)
    await settled()
    expect(ends).toEqual([verdict])
    expect(reported).toEqual([])
  })

  test.each<[string, Middleware<string>]>([
    ['throws', (_, next) => [next(), thrown('late')]],
    [
      'rejects',
      async (_, next) => {
        next()
        thrown('late')
      },
    ],
  ])('that %s after it has passed is reported', async (_, middleware) => {
    const { ends, reported } = run(middleware)
    await settled()
    expect(ends).toEqual([null])
    expect(reported).toEqual(['A middleware failed after it had called next: late'])
  })

  test('that never goes on never ends', async () => {
    const { ends } = run(() => {})
    await settled()
    expect(ends).toEqual([])
  })

  test('is the one that it was when it began', () => {
    const chain: Middleware<string>[] = []
    chain.push((_, next) => {
      chain.push(() => thrown('added later'))
      next()
    })
    expect(run(...chain).ends).toEqual([null])
  })
})

describe('acknowledgements that are owed', () => {
  const owed = () => {
    const clock = manualClock()
    const answers = new Answers(clock)
    const log: unknown[] = []
    const awaiting = {
      answered: (args: readonly unknown[]) => void log.push(args),
      failed: (error: Error) => void log.push(error.message),
    }
    return { clock, answers, log, awaiting }
  }

  test('settle once, and strangers are ignored', () => {
    const { answers, log, awaiting, clock } = owed()
    answers.expect(1, awaiting, 100)
    answers.settle(2, ['x'])
    answers.settle(Number.NaN, ['x'])
    answers.settle(1, ['a', 'b'])
    answers.settle(1, ['again'])
    expect([log, answers.size, clock.pending]).toEqual([[['a', 'b']], 0, 0])
  })

  test('fail in time, or when the socket is gone', async () => {
    const { clock, answers, log, awaiting } = owed()
    answers.expect(1, awaiting, 100)
    answers.expect(2, awaiting, null)
    answers.expect(3, awaiting, 5_000)
    await clock.advance(100)
    expect(log).toEqual(['operation has timed out'])
    answers.end()
    expect(log.slice(1)).toEqual(['socket has been disconnected', 'socket has been disconnected'])
    expect([answers.size, clock.pending]).toEqual([0, 0])
  })

  test('that are forgotten stay silent', async () => {
    const { clock, answers, log, awaiting } = owed()
    answers.expect(1, awaiting, 100)
    answers.forget(1)
    await clock.advance(1_000)
    expect(log).toEqual([])
  })
})

describe('a gathering', () => {
  const gather = (count: number, timeoutMs: number | null) => {
    const clock = manualClock()
    const ends: unknown[] = []
    const forgotten: number[] = []
    const asked: Asked[] = Array.from({ length: count }, () => ({
      expect() {},
      forget: (id) => void forgotten.push(id),
    }))
    const gathering = new Gathering(7, asked, timeoutMs, clock, (error, responses) =>
      ends.push([error?.message ?? null, responses]),
    )
    return { clock, ends, forgotten, gathering }
  }

  test('is over when all have answered', () => {
    const { ends, gathering, clock } = gather(2, 1_000)
    gathering.answered(['a', 'ignored'])
    expect(ends).toEqual([])
    gathering.answered([])
    expect(ends).toEqual([[null, ['a', undefined]]])
    expect(clock.pending).toBe(0)
  })

  test('is over when the time is up, with what has come', async () => {
    const { clock, ends, gathering, forgotten } = gather(2, 1_000)
    gathering.answered(['a'])
    await clock.advance(1_000)
    expect(ends).toEqual([['operation has timed out', ['a']]])
    expect(forgotten).toEqual([7, 7])
    gathering.answered(['late'])
    expect(ends).toHaveLength(1)
  })

  test('does not wait for somebody who has left', () => {
    const { ends, gathering } = gather(2, null)
    gathering.failed()
    gathering.answered(['a'])
    expect(ends).toEqual([['a client was disconnected before it answered', ['a']]])
  })

  test('of nobody is over at once, though not before it has begun', async () => {
    const { clock, ends } = gather(0, null)
    expect(ends).toEqual([])
    await clock.settle()
    expect(ends).toEqual([[null, []]])
  })
})

function thrown(what: unknown): never {
  throw what
}
