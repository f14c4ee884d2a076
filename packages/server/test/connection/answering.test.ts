import type { Effect, Payload, Request, Session, Variant } from '@rollcall/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Run, Transport } from '../../src/index.ts'
import { type Happened, type RoomsApp, roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { handshake } from '../support/peer.ts'

let app: RoomsApp
let happened: Happened

beforeEach(() => {
  ;({ app, happened } = roomsApp())
})
afterEach(() => app.close({ timeoutMs: 10 }))

const variant: Variant = {
  id: 'test',
  message: ({ payload }) => `message ${payload}`,
  presence: () => null,
  count: () => null,
  position: () => null,
}

const joining = (): Request => ({
  kind: 'join',
  ref: null,
  topic: 'room:x',
  alias: 'room:x',
  variant,
  input: undefined,
  presence: undefined,
  since: null,
  roster: null,
})

/** A session that joins, and asks for more in the moment that it has joined. */
class Hasty implements Session {
  readonly #then: (times: number) => readonly Request[]
  #times = 0

  constructor(then: (times: number) => readonly Request[]) {
    this.#then = then
  }
  start(): readonly Effect[] {
    return [ask({ kind: 'hello', ref: null, credentials: { user: 'hasty' }, resume: null })]
  }
  receive(): readonly Effect[] {
    return []
  }
  answer(request: Request): readonly Effect[] {
    const told: Effect = { kind: 'write', payload: `answer to ${request.kind}` }
    if (request.kind === 'hello') return [ask(joining())]
    return request.kind === 'join' ? [told, ...this.#then(++this.#times).map(ask)] : [told]
  }
  notify(): readonly Effect[] {
    return []
  }
  tick(): readonly Effect[] {
    return []
  }
}

function ask(request: Request): Effect {
  return { kind: 'request', request }
}

function connect(then: (times: number) => readonly Request[]): Payload[] {
  const told: Payload[] = []
  const transport: Transport = {
    bufferedBytes: 0,
    write: ({ frames }: Run) => void told.push(...frames.flatMap(({ payloads }) => payloads)),
    close() {},
    destroy() {},
    pause() {},
    resume() {},
  }
  app.accept(transport, new Hasty(then), handshake(), 'test')
  return told
}

const leave: Request = { kind: 'leave', ref: null, alias: 'room:x' }
const send: Request = { kind: 'send', ref: null, alias: 'room:x', event: 'message', payload: 'hi', id: null }

test('who leaves in the moment of joining has left', async () => {
  const told = connect((times) => (times === 1 ? [leave, joining()] : []))
  await eventually(() => expect(told).toHaveLength(3))
  await app.channel('room:x').emit('message', 'once')
  await eventually(() => expect(told.at(-1)).toBe('message once'))
  expect(told).toEqual(['answer to join', 'answer to leave', 'answer to join', 'message once'])
  expect(happened.leaves).toEqual(['hasty left'])
})

test('who sends in the moment of joining hears it', async () => {
  const told = connect(() => [send])
  await eventually(() => expect(told).toEqual(['answer to join', 'message hi', 'answer to send']))
})
