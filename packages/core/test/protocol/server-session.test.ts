import {
  type Effect,
  type Notice,
  type Outcome,
  type Request,
  RollcallServerSession,
  rollcallVariant,
  serverSessionOptions,
} from '@rollcall/core'
import { describe, expect, test } from 'vitest'

const half = { fraction: () => 0.5, token: () => '' }
const options = serverSessionOptions({ maxWaiting: 3, maxWaitingBytes: 200 })
const welcome = { connection: 'c', user: { id: 'u' }, resume: null }
const WELCOME =
  '["welcome",{"connection":"c","user":{"id":"u"},"resumed":false,"pingMs":25000,"deadMs":8000,"maxMessageBytes":65536}]'

const write = (payload: string): Effect => ({ kind: 'write', payload })
const close = (code: number): Effect => ({ kind: 'close', code, reason: expect.any(String) as unknown as string })
const hello: Request = { kind: 'hello', ref: null, credentials: undefined, resume: null }
const leave: Request = { kind: 'leave', ref: 1, alias: 'a' }

type StateName = 'silent' | 'greeting' | 'open' | 'closed'

function sessionIn(state: StateName): RollcallServerSession {
  const session = new RollcallServerSession(options, half, 0)
  if (state !== 'silent') session.receive('["hello"]', 0)
  if (state === 'open') session.answer(hello, { ok: true, result: welcome }, 0)
  if (state === 'closed') session.answer(hello, { ok: false, refusal: { code: 'unauthorized', message: 'no' } }, 0)
  return session
}

type Input = (session: RollcallServerSession) => readonly Effect[]
const says =
  (payload: string): Input =>
  (session) =>
    session.receive(payload, 1)
const answered =
  (request: Request, outcome: Outcome): Input =>
  (session) =>
    session.answer(request, outcome, 1)
const refusal = (code: 'unauthorized' | 'unavailable' | 'internal'): Outcome => ({
  ok: false,
  refusal: { code, message: 'no', retryAfterMs: 500 },
})
const left: Notice = { kind: 'left', alias: 'a', reason: 'kicked' }
const deep = `["send",1,"a","b",${'['.repeat(64)}${']'.repeat(64)}]`
const request = (request: Request): Effect => ({ kind: 'request', request })
const badRequest = write('["error",1,{"code":"bad_request","message":"the topic must be a text"}]')
const overloaded = (code: number) => [
  write('["closing",{"reason":"no","retryAfterMs":500,"spreadMs":500}]'),
  close(code),
]

// Every input in every state.
const TABLE: Record<string, [Input, Record<StateName, readonly Effect[]>]> = {
  hello: [says('["hello"]'), { silent: [request(hello)], greeting: [], open: [close(4400)], closed: [] }],
  'a request': [says('["leave",1,"a"]'), { silent: [close(4400)], greeting: [], open: [request(leave)], closed: [] }],
  pong: [says('["pong"]'), { silent: [], greeting: [], open: [], closed: [] }],
  ping: [says('["ping",1]'), { silent: [close(4400)], greeting: [], open: [write('["ok",1,null]')], closed: [] }],
  nonsense: [says('?'), { silent: [close(4400)], greeting: [], open: [close(4400)], closed: [] }],
  'a request that is wrong': [
    says('["leave",1,2]'),
    { silent: [close(4400)], greeting: [], open: [badRequest], closed: [] },
  ],
  'a frame too deep': [says(deep), { silent: [close(4404)], greeting: [], open: [close(4404)], closed: [] }],
  'more than may wait': [
    (session) => ['["ping",1]', '["ping",2]', '["ping",3]', '["ping",4]'].flatMap((text) => session.receive(text, 1)),
    {
      silent: [close(4400)],
      greeting: [close(4405)],
      open: [1, 2, 3, 4].map((ref) => write(`["ok",${ref},null]`)),
      closed: [],
    },
  ],
  'more bytes than may wait': [
    says(`["send",1,"a","b","${'x'.repeat(200)}"]`),
    { silent: [close(4400)], greeting: [close(4405)], open: [expect.anything() as unknown as Effect], closed: [] },
  ],
  'the hello is accepted': [
    answered(hello, { ok: true, result: welcome }),
    { silent: [], greeting: [write(WELCOME)], open: [], closed: [] },
  ],
  'the hello is refused': [
    answered(hello, refusal('unauthorized')),
    { silent: [], greeting: [close(4402)], open: [], closed: [] },
  ],
  'the hello is refused for now': [
    answered(hello, refusal('unavailable')),
    { silent: [], greeting: overloaded(4101), open: [], closed: [] },
  ],
  'the hello broke something': [
    answered(hello, refusal('internal')),
    { silent: [], greeting: overloaded(4101), open: [], closed: [] },
  ],
  'a request is accepted': [
    answered(leave, { ok: true, result: null }),
    {
      silent: [write('["ok",1,null]')],
      greeting: [write('["ok",1,null]')],
      open: [write('["ok",1,null]')],
      closed: [],
    },
  ],
  'a notice': [
    (session) => session.notify(left),
    {
      silent: [write('["left","a",{"reason":"kicked"}]')],
      greeting: [write('["left","a",{"reason":"kicked"}]')],
      open: [write('["left","a",{"reason":"kicked"}]')],
      closed: [write('["left","a",{"reason":"kicked"}]')],
    },
  ],
  'time before the ping': [(session) => session.tick(18_749), { silent: [], greeting: [], open: [], closed: [] }],
  'time for the ping': [
    (session) => session.tick(18_750),
    { silent: [write('["ping"]')], greeting: [write('["ping"]')], open: [write('["ping"]')], closed: [] },
  ],
  'silence after the ping': [
    (session) => [...session.tick(18_750).slice(1), ...session.tick(26_749), ...session.tick(26_750)],
    { silent: [close(4000)], greeting: [close(4000)], open: [close(4000)], closed: [] },
  ],
}

const cells = Object.entries(TABLE).flatMap(([name, [input, states]]) =>
  Object.entries(states).map(([state, effects]) => [name, state as StateName, input, effects] as const),
)

test.each(cells)('%s, %s', (_, state, input, effects) => {
  expect(input(sessionIn(state))).toEqual(effects)
})

test('what is said behind the hello waits for the welcome, and goes in order', () => {
  const session = sessionIn('silent')
  session.receive('["hello",{"credentials":{"name":"Tyr"}}]', 0)
  session.receive('["join",1,"a"]', 0)
  session.receive('["leave",1,"a"]', 0)
  expect(session.answer(hello, { ok: true, result: welcome }, 0)).toEqual([
    write(WELCOME),
    request({
      kind: 'join',
      ref: 1,
      topic: 'a',
      alias: 'a',
      variant: rollcallVariant,
      input: undefined,
      presence: undefined,
      since: null,
      roster: null,
    }),
    request(leave),
  ])
})

test('a wrong frame behind the hello closes after the welcome, and ends what follows it', () => {
  const session = sessionIn('silent')
  for (const text of ['["hello"]', '?', '["leave",1,"a"]']) session.receive(text, 0)
  expect(session.answer(hello, { ok: true, result: welcome }, 0)).toEqual([write(WELCOME), close(4400)])
})

test('any word after a ping is a sign of life', () => {
  const session = sessionIn('open')
  expect(session.tick(18_750)).toHaveLength(1)
  session.receive('["leave",1,"a"]', 20_000)
  expect(session.tick(44_999)).toEqual([])
  expect(session.tick(45_000)).toEqual([write('["ping"]')])
})

describe('a request becomes', () => {
  test.each<[string, Partial<Request>]>([
    ['["join",1,"a",{"last":5}]', { kind: 'join', since: { last: 5 } }],
    ['["join",1,"a",{"position":["e",2]}]', { kind: 'join', since: { position: { epoch: 'e', offset: 2 } } }],
    ['["join",1,"a",{"position":["e",2],"last":5}]', { kind: 'join', since: { position: { epoch: 'e', offset: 2 } } }],
    ['["send",2,"a","m",1,"id"]', { kind: 'send', ref: 2, alias: 'a', event: 'm', payload: 1, id: 'id' }],
    ['["call",3,"a","m",1]', { kind: 'call', ref: 3, alias: 'a', name: 'm', payload: 1 }],
    ['["track",4,"a",1]', { kind: 'track', ref: 4, alias: 'a', meta: 1 }],
    ['["untrack",5,"a"]', { kind: 'untrack', ref: 5, alias: 'a' }],
    ['["history",6,"a",{"after":3}]', { kind: 'history', ref: 6, alias: 'a', before: null, after: 3, limit: 50 }],
    ['["roster",7,"a"]', { kind: 'roster', ref: 7, alias: 'a', since: null }],
    ['["refresh",8,"c"]', { kind: 'refresh', ref: 8, credentials: 'c' }],
  ])('%s', (wire, made) => {
    const [effect] = sessionIn('open').receive(wire, 0)
    expect(effect).toMatchObject({ kind: 'request', request: made })
  })
})

describe('an outcome becomes', () => {
  const of = (kind: Request['kind'], result: unknown) =>
    sessionIn('open').answer({ ...leave, kind } as unknown as Request, { ok: true, result }, 0)

  test.each<[Request['kind'], unknown, string]>([
    ['send', { position: { epoch: 'e', offset: 3 } }, '["ok",1,{"position":["e",3]}]'],
    ['send', { position: null }, '["ok",1,{}]'],
    ['send', null, '["ok",1,null]'],
    ['call', { a: 1 }, '["ok",1,{"a":1}]'],
    ['call', undefined, '["ok",1,null]'],
    ['history', { epoch: 'e', more: false, messages: [] }, '["ok",1,{"epoch":"e","more":false,"messages":[]}]'],
    ['roster', { version: { epoch: 'r', version: 1 }, entries: [] }, '["ok",1,{"v":["r",1],"entries":[]}]'],
    ['track', undefined, '["ok",1,null]'],
  ])('%s %o', (kind, result, wire) => {
    expect(of(kind, result)).toEqual([write(wire)])
  })

  test('a refusal as it is', () => {
    const outcome: Outcome = { ok: false, refusal: { code: 'refused', message: 'Full', details: { max: 5 } } }
    expect(sessionIn('open').answer(leave, outcome, 0)).toEqual([
      write('["error",1,{"code":"refused","message":"Full","details":{"max":5}}]'),
    ])
  })
})
