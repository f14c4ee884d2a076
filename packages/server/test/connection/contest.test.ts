import type { Effect, Outcome, Request, Session, Welcome } from '@rollcall/core'
import { manualClock } from '@rollcall/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Run, Transport, TransportListener } from '../../src/index.ts'
import { type RoomsApp, roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { handshake } from '../support/peer.ts'

// Clients that cannot be told another token than their first one.

let app: RoomsApp
beforeEach(() => {
  ;({ app } = roomsApp({ resumeMs: 60_000 }))
})
afterEach(() => app.close({ timeoutMs: 10 }))

class Client implements Session, Transport {
  readonly bufferedBytes = 0
  welcome: Welcome | null = null
  closed: number | null = null
  written: unknown[] = []
  pings = 0
  answers: boolean
  readonly #listener: TransportListener
  readonly #token: string | null

  constructor(token: string | null = null, answers = true) {
    this.#token = token
    this.answers = answers
    this.#listener = app.accept(this, this, handshake(), 'hand')
    this.#listener.received('hello')
  }

  receive(): readonly Effect[] {
    const request: Request = {
      kind: 'hello',
      ref: null,
      credentials: { user: 'tyr' },
      resume: this.#token,
      token: 'same',
    }
    return [{ kind: 'request', request }]
  }
  answer(_: Request, outcome: Outcome): readonly Effect[] {
    if (outcome.ok) this.welcome = outcome.result as Welcome
    return []
  }
  closing(code: number): readonly Effect[] {
    return [
      { kind: 'write', payload: `bye ${code}` },
      { kind: 'close', code: 1, reason: 'not now' },
    ]
  }
  notify(): readonly Effect[] {
    return []
  }
  tick(): readonly Effect[] {
    return []
  }

  write({ frames }: Run): void {
    for (const { payloads } of frames) this.written.push(...payloads)
  }
  ping(): void {
    this.pings++
    if (this.answers) this.#listener.alive?.()
  }
  close(code: number): void {
    this.closed = code
  }
  destroy(): void {}
  pause(): void {}
  resume(): void {}
  lose(): void {
    this.#listener.closed(1006, '')
  }

  get token(): string {
    return this.welcome?.resume?.token ?? ''
  }
  get resumed(): boolean | undefined {
    return this.welcome?.resume?.resumed
  }
}

async function welcomed(token: string | null = null, answers = true): Promise<Client> {
  const client = new Client(token, answers)
  await eventually(() => expect(client.welcome).not.toBeNull())
  return client
}

describe('a token that stays the same', () => {
  it('resumes again and again, one connection after the other', async () => {
    let client = await welcomed()
    const { token, welcome } = client
    for (let i = 0; i < 3; i++) {
      client.lose()
      client = await welcomed(token)
      expect([client.resumed, client.token, client.welcome?.connection]).toEqual([true, token, welcome?.connection])
    }
    expect(app.stats().sessions).toBe(1)
  })

  it('is nobody else’s while its owner answers', async () => {
    const owner = await welcomed()
    const other = await welcomed(owner.token)
    expect(owner.pings).toBeGreaterThan(0)
    expect(owner.closed).toBeNull()
    expect(other.resumed).toBe(false)
    expect(other.token).not.toBe(owner.token)
    owner.lose()
    expect((await welcomed(owner.token)).resumed).toBe(true)
  })

  it('goes on with whoever shows it when its owner is silent', async () => {
    const silent = await welcomed(null, false)
    const back = await welcomed(silent.token)
    expect([silent.pings, silent.closed, back.resumed, back.token]).toEqual([1, 4002, true, silent.token])
  })

  it('goes to one of two who show it at once', async () => {
    const silent = await welcomed(null, false)
    const both = await Promise.all([welcomed(silent.token), welcomed(silent.token)])
    expect(both.map(({ resumed }) => resumed)).toEqual([true, false])
    expect(both.map(({ closed }) => closed)).toEqual([null, null])
  })

  it('is not ended by the time of a connection before', async () => {
    await app.close({ timeoutMs: 10 })
    const clock = manualClock()
    ;({ app } = roomsApp({ resumeMs: 40, clock }))
    const first = await welcomed()
    first.lose()
    const second = await welcomed(first.token)
    await clock.advance(60)
    second.lose()
    expect((await welcomed(first.token)).resumed).toBe(true)
  })

  it('ends with the user', async () => {
    const owner = await welcomed()
    await app.disconnect({ user: 'tyr' })
    expect((await welcomed(owner.token)).resumed).toBe(false)
  })
})

it('a session writes its goodbye before the connection is closed', async () => {
  const client = await welcomed()
  await app.disconnect({ user: 'tyr' })
  expect([client.written, client.closed]).toEqual([['bye 4403'], 4403])
})
