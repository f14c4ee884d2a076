import { afterEach, describe, expect, test, vi } from 'vitest'
import type { ConnectionState } from '../src/index.ts'
import { lobby, Stage } from './support/stage.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('a connection is', () => {
  test('connecting, open, waiting and connecting again', async () => {
    const stage = new Stage()
    const states: ConnectionState[] = []
    stage.client.subscribeState((state) => states.push(state))
    expect(stage.client.state).toEqual({ kind: 'connecting', attempt: 0 })
    const socket = await stage.welcome()
    expect(stage.client.user).toEqual({ id: 'tyr' })
    expect(stage.client.connection).toBe('c1')
    socket.closes(1006)
    await stage.clock.advance(750)
    await stage.welcome({ connection: 'c2' })
    expect(stage.client.connection).toBe('c2')
    const reason = 'the connection was lost'
    expect(states).toEqual([
      { kind: 'open' },
      { kind: 'waiting', nextAttemptMs: 750, nextAttemptAt: 1_000_750, reason, code: 1006 },
      { kind: 'connecting', attempt: 1 },
      { kind: 'open' },
    ])
  })

  test('the same object until it changes', async () => {
    const { client, clock } = await lobby()
    const { state } = client
    await clock.advance(5_000)
    expect(client.state).toBe(state)
  })
})

describe('the wait', () => {
  test('grows with each attempt that fails, and begins anew after a steady connection', async () => {
    const stage = new Stage()
    stage.fraction = 0.999_999
    const waits: number[] = []
    const lose = async () => {
      stage.socket.closes(1006)
      const { state } = stage.client
      if (state.kind !== 'waiting') throw new Error(state.kind)
      waits.push(state.nextAttemptMs)
      await stage.clock.advance(state.nextAttemptMs)
    }
    await stage.clock.settle()
    for (let i = 0; i < 7; i++) await lose()
    await stage.welcome()
    await stage.clock.advance(4_999)
    await lose()
    await stage.welcome()
    await stage.clock.advance(5_000)
    await lose()
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000, 1_000])
  })

  test.each([
    [0, 5_000],
    [0.5, 7_000],
    [0.999_999, 9_000],
  ])('follows the hint of the server, spread by chance %s', async (fraction, nextAttemptMs) => {
    const { client, stage, socket } = await lobby()
    stage.fraction = fraction
    socket.says('closing', { reason: 'restart', retryAfterMs: 5_000, spreadMs: 4_000 })
    expect(client.state.kind).toBe('open')
    socket.closes(4100, 'restart')
    expect(client.state).toMatchObject({ kind: 'waiting', nextAttemptMs, code: 4100, reason: 'restart' })
  })

  test('without a hint is the longest after a code that says later', async () => {
    const { client, stage, socket } = await lobby()
    stage.fraction = 0.999_999
    socket.closes(1013)
    expect(client.state).toMatchObject({ kind: 'waiting', nextAttemptMs: 20_000 })
  })

  test('ends when the application says so', async () => {
    const { client, stage, socket } = await lobby()
    socket.closes(1006)
    client.reconnectNow()
    expect(client.state).toEqual({ kind: 'connecting', attempt: 1 })
    await stage.clock.advance(60_000)
    expect(stage.sockets.length).toBeLessThan(8)
  })
})

describe('the client stays closed after', () => {
  test.each([
    [1000, 'closed'],
    [1008, 'closed'],
    [4400, 'closed'],
    [4402, 'unauthorized'],
    [4403, 'refused'],
    [4406, 'closed'],
  ])('%i, and its rooms end with %s', async (code, error) => {
    const { client, room, socket, clock, stage } = await lobby()
    const sending = room.send('message', 'x')
    socket.closes(code, 'the reason')
    expect(client.state).toEqual({ kind: 'closed', reason: 'the reason', code })
    expect(room.state).toMatchObject({ kind: 'left', error: { code: error } })
    await expect(sending).rejects.toMatchObject({ code: 'disconnected' })
    await clock.advance(100_000)
    expect(stage.sockets).toHaveLength(1)
    expect(clock.pending).toBe(0)
    const later = client.join('room:lobby')
    await expect(later.joined).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('closed by the server for want of a room, the client', () => {
  test('waits for the next join, which connects', async () => {
    const stage = new Stage()
    const socket = await stage.welcome()
    socket.closes(4401, 'no join in time')
    expect(stage.client.state).toMatchObject({ kind: 'waiting', nextAttemptMs: Number.POSITIVE_INFINITY, code: 4401 })
    await stage.clock.advance(1_000_000)
    expect(stage.sockets).toHaveLength(1)
    const room = stage.client.join('room:lobby')
    const second = await stage.welcome()
    second.answers('join', { recovery: 'fresh' })
    await room.joined
  })

  test('comes back by itself if it has a room by then', async () => {
    const { client, socket } = await lobby()
    socket.closes(4401)
    expect(client.state).toMatchObject({ kind: 'waiting', nextAttemptMs: 750 })
  })
})

describe('an attempt', () => {
  test('without a welcome in time is given up, and its socket too', async () => {
    const stage = new Stage({ openTimeoutMs: 3_000 })
    await stage.clock.settle()
    const { socket } = stage
    await stage.clock.advance(3_000)
    expect(socket.closed).not.toBeNull()
    expect(stage.client.state).toMatchObject({ kind: 'waiting', reason: 'no welcome in time', code: null })
    socket.opens()
    socket.welcomes()
    expect(stage.client.state.kind).toBe('waiting')
  })

  test('whose socket cannot be made is tried again', async () => {
    let fail = true
    const stage: Stage = new Stage({
      webSocket: () => {
        if (fail) throw new Error('no network')
        return stage.socket
      },
    })
    await stage.clock.settle()
    expect(stage.client.state).toMatchObject({ kind: 'waiting', reason: 'no network' })
    fail = false
  })

  test('whose socket comes too late closes it', async () => {
    let give: (socket: never) => void = () => {}
    const stage = new Stage({ openTimeoutMs: 10, webSocket: () => new Promise((resolve) => (give = resolve)) })
    await stage.clock.settle()
    await stage.clock.advance(10)
    const socket = { close: vi.fn() }
    give(socket as never)
    await stage.clock.settle()
    expect(socket.close).toHaveBeenCalledOnce()
  })
})

describe('credentials', () => {
  test('of a function are asked for each connection', async () => {
    let asked = 0
    const stage = new Stage({ credentials: async () => ({ token: ++asked }) })
    const first = await stage.welcome()
    expect(first.frames()[0]).toEqual(['hello', { credentials: { token: 1 } }])
    first.closes(4004)
    await stage.clock.advance(1_000)
    stage.socket.opens()
    expect(stage.socket.frames()[0]).toEqual(['hello', { credentials: { token: 2 } }])
  })

  test('that cannot be had are asked for again', async () => {
    let broken = true
    const stage = new Stage({
      credentials: () => {
        if (broken) throw new Error('no token')
        return 'token'
      },
    })
    await stage.clock.settle()
    expect(stage.client.state).toMatchObject({ kind: 'waiting', reason: 'no token' })
    expect(stage.sockets).toEqual([])
    broken = false
    await stage.clock.advance(1_000)
    await stage.welcome()
    expect(stage.client.state.kind).toBe('open')
  })

  test('that take too long are told so', async () => {
    let signal: AbortSignal | undefined
    const stage = new Stage({
      credentials: (given: AbortSignal) => {
        signal = given
        return new Promise(() => {})
      },
    })
    await stage.clock.settle()
    expect(signal?.aborted).toBe(false)
    await stage.clock.advance(10_000)
    expect(signal?.aborted).toBe(true)
  })

  test('that JSON cannot carry fail the attempt, not the program', async () => {
    const stage = new Stage({ credentials: 1n as unknown as object })
    await stage.clock.settle()
    expect(stage.client.state).toMatchObject({ kind: 'waiting', reason: expect.stringContaining('BigInt') })
  })

  test('are shown anew on the living connection', async () => {
    let token = 1
    const stage = new Stage({ credentials: () => token })
    const socket = await stage.welcome()
    token = 2
    const refreshing = stage.client.refresh()
    await stage.clock.settle()
    expect(socket.frames().at(-1)).toEqual(['refresh', socket.ref('refresh'), 2])
    socket.refuses('refresh', 'unauthorized')
    await expect(refreshing).rejects.toMatchObject({ code: 'unauthorized' })
  })

  test('come with the token of the session that was lost', async () => {
    const stage = new Stage({ credentials: 'me' })
    const socket = await stage.welcome({ resume: 'token', resumeMs: 60_000 })
    socket.closes(1006)
    await stage.clock.advance(1_000)
    stage.socket.opens()
    expect(stage.socket.frames()).toEqual([['hello', { credentials: 'me', resume: 'token' }]])
  })
})

describe('liveness', () => {
  test('a silent connection is given up without waiting for its close', async () => {
    const { client, clock, socket, room } = await lobby()
    await clock.advance(33_000)
    expect(client.state.kind).toBe('open')
    await clock.advance(1_000)
    expect(client.state).toMatchObject({ kind: 'waiting', code: 4000 })
    expect(socket.closed?.code).toBe(4000)
    expect(room.state).toEqual({ kind: 'rejoining' })
    socket.closes(1006)
    expect(client.state.kind).toBe('waiting')
  })

  test('pings are answered, and keep it alive', async () => {
    const { client, clock, socket } = await lobby()
    for (let i = 0; i < 5; i++) {
      await clock.advance(25_000)
      socket.says('ping')
      expect(socket.frames()).toEqual([['pong']])
    }
    expect(client.state.kind).toBe('open')
  })

  test('a check without an answer gives it up', async () => {
    const { client, clock, socket } = await lobby()
    client.reconnectNow()
    expect(socket.frames()).toEqual([['ping', expect.any(Number)]])
    await clock.advance(6_000)
    expect(client.state.kind).not.toBe('open')
  })

  test('nonsense from the server costs the connection, and no more', async () => {
    const { client, socket } = await lobby()
    socket.says('message', 'room:lobby', 5)
    expect(socket.closed?.code).toBe(4400)
    expect(client.state.kind).toBe('waiting')
  })
})

describe('a page', () => {
  function page() {
    const target = new EventTarget()
    const document = { visibilityState: 'visible' }
    vi.stubGlobal('document', document)
    vi.stubGlobal('addEventListener', target.addEventListener.bind(target))
    vi.stubGlobal('removeEventListener', target.removeEventListener.bind(target))
    return {
      see(state: 'visible' | 'hidden') {
        document.visibilityState = state
        target.dispatchEvent(new Event('visibilitychange'))
      },
      fire: (event: string) => target.dispatchEvent(new Event(event)),
    }
  }

  test('that is looked at again reconnects at once', async () => {
    const { see } = page()
    const { client, socket } = await lobby()
    socket.closes(1006)
    see('hidden')
    expect(client.state.kind).toBe('waiting')
    see('visible')
    expect(client.state.kind).toBe('connecting')
  })

  test.each(['online', 'pageshow'])('that is %s reconnects at once', async (event) => {
    const { fire } = page()
    const { client, socket } = await lobby()
    socket.closes(1006)
    fire(event)
    expect(client.state.kind).toBe('connecting')
  })

  test('with an open connection has it checked', async () => {
    const { see } = page()
    const { socket } = await lobby()
    see('visible')
    expect(socket.frames()).toEqual([['ping', expect.any(Number)]])
  })

  test('is not listened to after the close', async () => {
    const { see } = page()
    const { client, socket, stage } = await lobby()
    void client.close()
    see('visible')
    socket.closes(1000)
    expect(stage.sockets).toHaveLength(1)
  })
})

describe('close', () => {
  test('says goodbye, ends all rooms without an error, and resolves with the socket', async () => {
    const { client, room, socket, clock } = await lobby()
    const sending = room.send('message', 'x')
    const closing = client.close()
    expect(socket.closed?.code).toBe(1000)
    expect(client.state).toMatchObject({ kind: 'closed', code: null })
    expect(room.state).toMatchObject({ kind: 'left', error: null })
    await expect(sending).rejects.toMatchObject({ code: 'disconnected' })
    expect(client.close()).toBe(closing)
    socket.closes(1000)
    await closing
    expect(clock.pending).toBe(0)
  })

  test('does not wait for ever', async () => {
    const { client, clock } = await lobby()
    await clock.until(client.close())
    expect(clock.now()).toBe(1_002_000)
  })

  test.each(['before the socket opens', 'while waiting'])('%s leaves nothing behind', async (when) => {
    const stage = new Stage()
    await stage.clock.settle()
    if (when === 'while waiting') stage.socket.closes(1006)
    await stage.clock.until(stage.client.close())
    await stage.clock.advance(60_000)
    expect(stage.sockets).toHaveLength(1)
    expect(stage.clock.pending).toBe(0)
    expect(stage.socket.frames()).toEqual([])
  })

  test('comes with the signal', async () => {
    const controller = new AbortController()
    const stage = new Stage({ signal: controller.signal })
    await stage.welcome()
    controller.abort()
    expect(stage.client.state.kind).toBe('closed')
  })

  test('comes at once with a signal that is aborted already', async () => {
    const stage = new Stage({ signal: AbortSignal.abort() })
    expect(stage.client.state.kind).toBe('closed')
    await stage.clock.advance(60_000)
    expect(stage.sockets).toEqual([])
  })
})

test('a listener of the state that closes the client in the midst of it ends in order', async () => {
  const stage = new Stage()
  const kinds: string[] = []
  stage.client.subscribeState(({ kind }) => {
    kinds.push(kind)
    if (kind === 'open') void stage.client.close()
  })
  await stage.welcome()
  expect(kinds).toEqual(['open', 'closed'])
})
