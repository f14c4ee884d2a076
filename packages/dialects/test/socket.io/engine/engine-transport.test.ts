import type { Payload } from '@rollcall/core'
import { type ManualClock, manualClock } from '@rollcall/testkit'
import { Frame, Run } from 'rollcall'
import { beforeEach, describe, expect, test } from 'vitest'
import { EngineTransport } from '../../../src/socket.io/engine/engine-transport.ts'
import { type EngineSettings, engineOptions } from '../../../src/socket.io/engine/options.ts'
import { HandExchange, HandSocket } from './lane.ts'

const kind = { offset: 0, volatile: false, key: null, roster: false }
const run = (...frames: (Payload | Payload[])[]) => new Run(frames.map((payloads) => new Frame(payloads, kind)))

let clock: ManualClock
let happened: unknown[]
let over: string[]

beforeEach(() => {
  clock = manualClock()
  happened = []
  over = []
})

const listener = {
  received: (payload: Payload) => void happened.push(payload),
  alive: () => void happened.push('alive'),
  drained: () => void happened.push('drained'),
  closed: (code: number) => void happened.push(`closed ${code}`),
}

function make(settings: EngineSettings = {}, version: 3 | 4 = 4): EngineTransport {
  const options = engineOptions({ pingInterval: 300, pingTimeout: 200, upgradeTimeout: 100, ...settings })
  return new EngineTransport('SID', version, options, clock, ({ sid }) => over.push(sid))
}

const OPEN_POLLING = '0{"sid":"SID","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}'
const OPEN_SOCKET = '0{"sid":"SID","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}'

function polling(settings?: EngineSettings, version?: 3 | 4): EngineTransport {
  const session = make(settings, version)
  session.openPolling(listener, new HandExchange())
  return session
}

function socket(settings?: EngineSettings, version?: 3 | 4) {
  const session = make(settings, version)
  const lane = new HandSocket()
  const told = session.openSocket(listener, lane)
  return { session, lane, told }
}

function get(session: EngineTransport): HandExchange {
  const exchange = new HandExchange()
  session.request(exchange)
  return exchange
}

function post(session: EngineTransport, body: string, headers = {}): HandExchange {
  const exchange = new HandExchange('POST', body, '', headers)
  session.request(exchange)
  return exchange
}

describe('over polling', () => {
  test('the first answer opens, with the five keys', () => {
    const session = make()
    const first = new HandExchange()
    session.openPolling(listener, first)
    expect(first.given).toEqual({
      status: 200,
      headers: { 'content-type': 'text/plain; charset=UTF-8', 'cache-control': 'no-store' },
      body: OPEN_POLLING,
    })
    expect(session.transport).toBe('polling')
  })

  test('without upgrades none is offered', () => {
    const first = new HandExchange()
    make({ allowUpgrades: false }).openPolling(listener, first)
    expect(String(first.given?.body)).toContain('"upgrades":[]')
  })

  test('a poll is held until there is something', () => {
    const session = polling()
    const poll = get(session)
    expect(poll.given).toBeNull()
    session.write(run('42["a"]', ['451-["b",{}]', new Uint8Array([1])]))
    expect(poll.given?.body).toBe('42["a"]\x1e451-["b",{}]\x1ebAQ==')
  })

  test('a post hands on what it carries', () => {
    const answer = post(polling(), '40\x1e42["a"]\x1ebAQ==')
    expect(happened).toEqual(['0', '2["a"]', new Uint8Array([1])])
    expect(answer.given).toMatchObject({ status: 200, headers: { 'content-type': 'text/html' }, body: 'ok' })
  })

  test('two polls at once end the session: the first is told so', () => {
    const session = polling()
    const first = get(session)
    const second = get(session)
    expect([first.given?.body, second.given]).toEqual(['1', { status: 400 }])
    expect([happened, over]).toEqual([['closed 1002'], ['SID']])
  })

  test('two posts at once end the session', () => {
    const session = polling()
    const slow = new HandExchange('POST', { fault: 'never' })
    session.request(slow)
    expect(post(session, '40').given).toEqual({ status: 400 })
    expect([happened, over]).toEqual([['closed 1002'], ['SID']])
    slow.finish(new TextEncoder().encode('40'))
    expect(happened).toEqual(['closed 1002'])
  })

  test.each<[string, string, object]>([
    ['an empty packet', '', {}],
    ['an unknown packet', '9', {}],
    ['a ping', '2', {}],
    ['a probe', '2probe', {}],
    ['broken base64', 'b!!!', {}],
  ])('%s is answered, and ends the session', (_, body, headers) => {
    const session = polling()
    const poll = get(session)
    const answer = post(session, `40\x1e${body}\x1e40`, headers)
    expect(happened).toEqual(['0', 'closed 1002'])
    expect([answer.given?.status, answer.given?.body, poll.given?.body]).toEqual([200, 'ok', '1'])
  })

  test.each(['3', '5', '6', '0{}'])('%s at an odd moment does no harm', (packet) => {
    const session = polling()
    post(session, packet)
    post(session, '40')
    expect(happened).toEqual(['0'])
  })

  test('bytes in a body end the session', () => {
    const answer = post(polling(), '40', { 'content-type': 'application/octet-stream' })
    expect([answer.given, happened]).toEqual([{ status: 400 }, ['closed 1002']])
  })

  test('a body that is too big is refused; the session goes on', () => {
    const session = polling()
    const answer = new HandExchange('POST', { fault: 'too_big' })
    session.request(answer)
    expect(answer.given).toEqual({ status: 413 })
    post(session, '40')
    expect(happened).toEqual(['0'])
  })

  test.each(['too_slow', 'gone'] as const)('a body that is %s ends the session', (fault) => {
    const answer = new HandExchange('POST', { fault })
    polling().request(answer)
    expect([answer.given?.status, happened]).toEqual([408, ['closed 1002']])
  })

  test('too many packets in a body end the session', () => {
    const answer = post(polling({ maxPacketsPerPayload: 3 }), '3\x1e3\x1e3\x1e3')
    expect([answer.given, happened]).toEqual([{ status: 400 }, ['closed 1002']])
  })

  test('text that is not UTF-8 ends the session', () => {
    const answer = new HandExchange('POST', new Uint8Array([0x34, 0xff]))
    polling().request(answer)
    expect([answer.given?.body, happened]).toEqual(['ok', ['closed 1002']])
  })

  test.each(['PUT', 'DELETE', 'HEAD', 'OPTIONS'])('%s is answered with 500', (method) => {
    const answer = new HandExchange(method)
    polling().request(answer)
    expect([answer.given, happened]).toEqual([{ status: 500 }, []])
  })

  test('a poll that is given up loses the session', () => {
    get(polling()).go()
    expect([happened, over]).toEqual([['closed 1006'], ['SID']])
  })

  test('the client ends it: the held poll is answered with nothing in it', () => {
    const session = polling()
    const poll = get(session)
    post(session, '1')
    expect([poll.given?.body, happened, over]).toEqual(['6', ['closed 1005'], ['SID']])
    expect(clock.pending).toBe(0)
  })

  test('the server ends it: the held poll is told', () => {
    const session = polling()
    const poll = get(session)
    session.close(4000, 'whatever')
    expect([poll.given?.body, happened, over]).toEqual(['1', ['closed 1000'], ['SID']])
  })

  test('the server ends it: the next polls are told, for 30 seconds', async () => {
    const session = polling()
    session.write(run('42["a"]'))
    session.close(4000, '')
    expect(over).toEqual([])
    expect(post(session, '40').given?.body).toBe('ok')
    // In one answer, clients would be closed before they read the message.
    expect(get(session).given?.body).toBe('42["a"]')
    expect(get(session).given?.body).toBe('1')
    expect([happened, over]).toEqual([['closed 1000'], ['SID']])
    const other = polling()
    other.close(4000, '')
    await clock.advance(30_000)
    expect(over).toEqual(['SID', 'SID'])
    expect(clock.pending).toBe(0)
  })

  test('the server stops: nobody is waited for', () => {
    const session = polling()
    session.close(4100, 'the server is stopping')
    expect([happened, over, clock.pending]).toEqual([['closed 1002'], ['SID'], 0])
    const told = polling()
    const poll = get(told)
    told.close(4100, 'the server is stopping')
    expect([poll.given?.body, clock.pending]).toEqual(['1', 0])
  })

  test('reading can pause', () => {
    const session = polling()
    session.pause()
    const answer = post(session, '40')
    expect([answer.given, happened]).toEqual([null, []])
    session.resume()
    expect([answer.given?.body, happened]).toEqual(['ok', ['0']])
  })

  test('scripts are answered where they are allowed', () => {
    const session = make({ jsonp: true })
    const first = new HandExchange('GET', '', 'j=2')
    session.openPolling(listener, first)
    expect(String(first.given?.body)).toMatch(/^___eio\[2\]\("0\{\\"sid\\"/)
    const answer = new HandExchange('POST', 'd=42%5B%22a%22%5D', 'j=2')
    session.request(answer)
    expect(happened).toEqual(['2["a"]'])
  })
})

describe('over a WebSocket', () => {
  test('it opens, and offers no upgrade', () => {
    const { session, lane } = socket()
    expect([lane.written, session.transport]).toEqual([[OPEN_SOCKET], 'websocket'])
  })

  test('messages are handed on, and go out as they are', () => {
    const { session, lane, told } = socket()
    told.received('42["a"]')
    told.received(new Uint8Array([7]))
    session.write(run('42["b"]', ['451-["c"]', new Uint8Array([8])]))
    expect(happened).toEqual(['2["a"]', new Uint8Array([7])])
    expect(lane.written.slice(1)).toEqual(['42["b"]', '451-["c"]', new Uint8Array([8])])
  })

  test.each(['', '9', '2', '2probe', 'b!!!'])('%j ends it, without a code', (frame) => {
    const { lane, told } = socket()
    told.received(frame)
    told.received('40')
    expect([happened, lane.closed, over]).toEqual([['closed 1002'], 1005, ['SID']])
  })

  test('the client ends it', () => {
    const { lane, told } = socket()
    told.received('1')
    expect([happened, lane.closed]).toEqual([['closed 1005'], 1005])
  })

  test('its end is told once, with its code', () => {
    const { session, told } = socket()
    told.closed(1001, '')
    told.closed(1006, '')
    session.close(4000, '')
    session.destroy()
    expect([happened, over]).toEqual([['closed 1001'], ['SID']])
    expect(clock.pending).toBe(0)
  })

  test('the server ends it, without a code', () => {
    const { session, lane, told } = socket()
    session.close(4001, 'slow')
    told.received('40')
    told.closed(1005, '')
    expect([lane.closed, happened]).toEqual([1005, ['closed 1005']])
  })

  test('buffered bytes are those of the WebSocket', () => {
    const { session, lane, told } = socket()
    lane.bufferedBytes = 77
    expect(session.bufferedBytes).toBe(77)
    told.drained()
    expect(happened).toEqual(['drained'])
  })
})

describe('the heartbeat', () => {
  test('pings one interval after the open and after each pong', async () => {
    const { lane, told } = socket()
    await clock.advance(299)
    expect(lane.written).toHaveLength(1)
    await clock.advance(1)
    expect(lane.written.slice(1)).toEqual(['2'])
    await clock.advance(150)
    told.received('3')
    await clock.advance(299)
    expect(lane.written.slice(1)).toEqual(['2'])
    await clock.advance(1)
    expect(lane.written.slice(1)).toEqual(['2', '2'])
    expect(happened).toEqual(['alive'])
  })

  test('pings one interval after a pong also where a pong may take longer', async () => {
    const { lane, told } = socket({ pingInterval: 100, pingTimeout: 5_000 })
    for (let beats = 1; beats <= 3; beats++) {
      await clock.advance(100)
      expect(lane.written.slice(1)).toHaveLength(beats)
      told.received('3')
    }
    await clock.advance(100)
    await clock.advance(4_999)
    expect(lane.closed).toBeNull()
    await clock.advance(1)
    expect([lane.closed, clock.pending]).toEqual([1005, 0])
  })

  test('ends a session that does not answer, whatever else it says', async () => {
    const { lane, told } = socket()
    await clock.advance(300)
    told.received('42["a"]')
    await clock.advance(199)
    expect(lane.closed).toBeNull()
    await clock.advance(1)
    expect([lane.closed, happened.at(-1), over]).toEqual([1005, 'closed 1002', ['SID']])
    expect(clock.pending).toBe(0)
  })

  test('reaches a client that polls, and ends one that does not', async () => {
    const session = polling()
    const poll = get(session)
    await clock.advance(300)
    expect(poll.given?.body).toBe('2')
    post(session, '3')
    await clock.advance(500)
    expect(happened).toEqual(['alive', 'closed 1002'])
  })

  test('of revision 3 is the client’s', async () => {
    const { lane, told, session } = socket({}, 3)
    session.ping()
    await clock.advance(400)
    told.received('2')
    told.received('42["a"]')
    await clock.advance(499)
    expect(lane.written.slice(1)).toEqual(['3'])
    expect(lane.closed).toBeNull()
    await clock.advance(1)
    expect(happened).toEqual(['2["a"]', 'closed 1002'])
  })

  test('can be asked for out of turn', async () => {
    const { session, lane, told } = socket()
    session.ping()
    expect(lane.written.slice(1)).toEqual(['2'])
    told.received('3')
    expect(happened).toEqual(['alive'])
    session.ping()
    await clock.advance(200)
    expect(happened).toEqual(['alive', 'closed 1002'])
  })
})

describe('the upgrade', () => {
  function upgrading(settings?: EngineSettings) {
    const session = polling(settings)
    const lane = new HandSocket()
    return { session, lane, told: session.offer(lane) }
  }

  test('takes everything with it, in order', () => {
    const { session, lane, told } = upgrading()
    const poll = get(session)
    told.received('2probe')
    expect([lane.written, poll.given?.body, session.transport]).toEqual([['3probe'], '6', 'polling'])
    session.write(run('42["a"]', ['451-["b"]', new Uint8Array([1])]))
    session.write(run('42["c"]'))
    told.received('5')
    session.write(run('42["d"]'))
    told.received('42["in"]')
    expect(lane.written).toEqual(['3probe', '42["a"]', '451-["b"]', new Uint8Array([1]), '42["c"]', '42["d"]'])
    expect([happened, session.transport]).toEqual([['drained', '2["in"]'], 'websocket'])
  })

  test('answers polls at once while it is under way', () => {
    const { session, told } = upgrading()
    told.received('2probe')
    session.write(run('42["a"]'))
    expect([get(session).given?.body, get(session).given?.body]).toEqual(['42["a"]', '6'])
  })

  test('in time or never: polling goes on', async () => {
    const { session, lane, told } = upgrading()
    told.received('2probe')
    await clock.advance(100)
    expect([lane.closed, session.transport]).toEqual([1005, 'polling'])
    told.received('5')
    post(session, '40')
    expect([happened, session.transport]).toEqual([['0'], 'polling'])
  })

  test.each(['5', '40', '2', '', '3probe', '1'])('%j before the probe ends the WebSocket alone', (frame) => {
    const { session, lane, told } = upgrading()
    told.received(frame)
    expect([lane.closed, happened, session.transport]).toEqual([1005, [], 'polling'])
    expect(session.offer(new HandSocket())).toBeDefined()
  })

  test('a second WebSocket is closed, before and after', () => {
    const { session, lane, told } = upgrading()
    const second = new HandSocket()
    session.offer(second).received('2probe')
    expect([second.closed, second.written]).toEqual([1005, []])
    told.received('2probe')
    told.received('5')
    const third = new HandSocket()
    session.offer(third)
    expect([third.closed, lane.closed]).toEqual([1005, null])
  })

  test('a WebSocket that is lost before leaves the session where it was', () => {
    const { session, told } = upgrading()
    told.received('2probe')
    told.closed(1006, '')
    session.offer(new HandSocket()).received('2probe')
    expect([happened, session.transport]).toEqual([[], 'polling'])
  })

  test('a post that is still on its way comes too late', () => {
    const { session, told } = upgrading()
    const slow = new HandExchange('POST', { fault: 'never' })
    session.request(slow)
    told.received('2probe')
    told.received('5')
    slow.finish(new TextEncoder().encode('42["late"]'))
    expect([slow.given?.status, happened]).toEqual([400, ['drained']])
  })

  test('the end of polling after it changes nothing', async () => {
    const { lane, told } = upgrading()
    told.received('2probe')
    told.received('5')
    await clock.advance(300)
    expect(lane.written).toEqual(['3probe', '2'])
    told.received('3')
    await clock.advance(299)
    expect(happened).toEqual(['drained', 'alive'])
  })

  test('a session that ends takes its candidate with it', () => {
    const { session, lane } = upgrading()
    session.close(4000, '')
    expect(lane.closed).toBe(1005)
    get(session)
    expect(clock.pending).toBe(0)
  })

  test('a pause goes along', () => {
    const { session, lane, told } = upgrading()
    session.pause()
    told.received('2probe')
    told.received('5')
    expect(lane.paused).toBe(true)
    session.resume()
    expect(lane.paused).toBe(false)
  })
})
