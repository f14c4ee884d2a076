import type { Effect, Request, Session } from '@rollcall/core'
import { expect, test } from 'vitest'
import type { Transport } from '../../src/index.ts'
import { roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { handshake } from '../support/peer.ts'
import { steadyClock } from '../support/steady-clock.ts'

const transport: Transport = { bufferedBytes: 0, write() {}, close() {}, destroy() {}, pause() {}, resume() {} }

/** A session whose client cannot be told a token, or can. */
class Told implements Session {
  readonly outcomes: unknown[] = []
  readonly #hello: Request

  constructor(token: 'none' | undefined) {
    const hello = { kind: 'hello', ref: null, credentials: { user: 'tyr' }, resume: null } as const
    this.#hello = token ? { ...hello, token } : hello
  }
  start(): readonly Effect[] {
    return [{ kind: 'request', request: this.#hello }]
  }
  answer(_: Request, outcome: unknown): readonly Effect[] {
    this.outcomes.push(outcome)
    return []
  }
  receive = (): readonly Effect[] => []
  notify = (): readonly Effect[] => []
  tick = (): readonly Effect[] => []
}

test.each([
  ['none', 0],
  [undefined, 1],
] as const)('of a lost client with token %s, %i sessions are kept beyond the grace', async (token, kept) => {
  const { app } = roomsApp({ graceMs: 30, resumeMs: 60_000 })
  const session = new Told(token)
  const listener = app.accept(transport, session, handshake(), 'test')
  await eventually(() => expect(session.outcomes).toHaveLength(1))
  const resume = token === 'none' ? null : { token: expect.any(String), resumeMs: 60_000, resumed: false }
  expect(session.outcomes).toEqual([
    { ok: true, result: { connection: expect.any(String), user: { id: 'tyr' }, resume } },
  ])
  expect(app.stats().sessions).toBe(1)
  const lostAt = steadyClock.now()
  listener.closed(1006, '')
  await eventually(() => {
    expect(steadyClock.now() - lostAt).toBeGreaterThan(60)
    expect(app.stats().sessions).toBe(kept)
  })
  await app.close({ timeoutMs: 10 })
})
