import { EndedError, InvalidError, RefusedError, RetryLaterError, UnknownOutcomeError } from '@rollcall/core'
import { describe, expect, test, vi } from 'vitest'
import { lobby, Stage } from './support/stage.ts'

describe('a send', () => {
  test('resolves with the place of the message', async () => {
    const { room, socket } = await lobby()
    const sending = room.send('message', 'hi')
    expect(socket.frames()).toEqual([['send', expect.any(Number), 'room:lobby', 'message', 'hi', 'id1']])
    socket.answers('send', { position: ['e', 6] })
    await expect(sending).resolves.toEqual({ position: { epoch: 'e', offset: 6 } })
  })

  test.each([{}, null])('answered with %j has no place', async (result) => {
    const { room, socket } = await lobby()
    const sending = room.send('message', 'hi')
    socket.answers('send', result)
    await expect(sending).resolves.toEqual({ position: null })
  })

  test.each([
    ['refused', RefusedError],
    ['rate_limited', RetryLaterError],
    ['invalid_payload', InvalidError],
    ['internal', UnknownOutcomeError],
  ])('refused with %s rejects with its class', async (code, Class) => {
    const { room, socket } = await lobby()
    const sending = room.send('message', 'hi')
    socket.refuses('send', code, { retryAfterMs: 7 })
    const error = await sending.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Class)
    expect(error).toMatchObject({ code, message: `No: ${code}`, retryAfterMs: 7 })
  })

  test('made while the connection is away goes with the next, and settles once', async () => {
    const { stage, room, socket } = await lobby()
    const first = room.send('message', 'one')
    socket.closes(1006)
    const second = room.send('message', 'two')
    await stage.clock.advance(1_000)
    const again = await stage.welcome()
    again.answers('join', { recovery: 'recovered', position: ['e', 6] })
    expect(again.frames().slice(2)).toEqual([
      ['send', expect.any(Number), 'room:lobby', 'message', 'one', 'id1'],
      ['send', expect.any(Number), 'room:lobby', 'message', 'two', 'id2'],
    ])
    again.answers('send', { position: ['e', 7] })
    again.says('ok', again.ref('send') - 1, { position: ['e', 6] })
    await expect(first).resolves.toHaveProperty('position.offset')
    await expect(second).resolves.toMatchObject({ position: { offset: 7 } })
  })

  test('asked for by a listener of the join goes behind those that waited', async () => {
    const stage = new Stage()
    const room = stage.client.join('room:lobby')
    void room.send('message', 'first').catch(() => {})
    room.subscribeState(({ kind }) => {
      if (kind === 'joined') void room.send('message', 'second').catch(() => {})
    })
    const socket = await stage.welcome()
    socket.answers('join', { recovery: 'fresh', position: ['e', 0] })
    expect(
      socket
        .frames()
        .slice(2)
        .map((frame) => (frame as unknown[])[4]),
    ).toEqual(['first', 'second'])
  })

  test('never written in time was not sent', async () => {
    const stage = new Stage({ sendTimeoutMs: 5_000 })
    const room = stage.client.join('room:lobby')
    const sending = room.send('message', 'hi')
    const error = sending.catch((reason: unknown) => reason)
    await stage.clock.advance(5_000)
    expect(await error).toMatchObject({ code: 'unavailable' })
    const socket = await stage.welcome()
    socket.answers('join', { recovery: 'fresh' })
    expect(socket.frames()).toHaveLength(2)
  })

  test('written and not answered in time may have been', async () => {
    const { room, clock } = await lobby({}, { sendTimeoutMs: 5_000 })
    const error = room.send('message', 'hi').catch((reason: unknown) => reason)
    await clock.advance(5_000)
    expect(await error).toMatchObject({ code: 'timeout' })
    expect(await error).toBeInstanceOf(UnknownOutcomeError)
  })

  test.each([
    ['an empty text', 'message', '', 'invalid_payload'],
    ['an event that is emitted only', 'at', '5', 'unknown_event'],
    ['a name of Object.prototype', 'constructor', {}, 'unknown_event'],
  ])('of %s is refused at home', async (_, event, payload, code) => {
    const { room, socket } = await lobby()
    await expect(room.send(event as 'message', payload as string)).rejects.toMatchObject({ code })
    expect(socket.frames()).toEqual([])
  })

  test('too big for the server is refused at home, and the connection lives', async () => {
    const { room, client } = await lobby()
    await expect(room.send('message', 'x'.repeat(70_000))).rejects.toMatchObject({ code: 'too_big' })
    expect(client.state.kind).toBe('open')
  })

  test('right before a leave goes out before it, and is answered', async () => {
    const { room, socket } = await lobby()
    const sending = room.send('message', 'bye')
    void room.leave()
    expect(socket.frames().map((frame) => (frame as unknown[])[0])).toEqual(['send', 'leave'])
    socket.answers('send', null)
    await expect(sending).resolves.toEqual({ position: null })
  })

  test('beyond the bound is refused for now', async () => {
    const { room } = await lobby({}, { maxWaiting: 2 })
    const sending = [1, 2, 3].map((each) => room.send('message', `${each}`).catch((reason: unknown) => reason))
    expect(await sending[2]).toBeInstanceOf(RetryLaterError)
  })
})

describe('a call', () => {
  test('resolves with the reply', async () => {
    const { room, socket } = await lobby()
    const calling = room.call('double', 21)
    expect(socket.frames()).toEqual([['call', expect.any(Number), 'room:lobby', 'double', 21]])
    socket.answers('call', 42)
    await expect(calling).resolves.toBe(42)
  })

  test('lost with the connection is unknown, and is not made again', async () => {
    const { stage, room, socket } = await lobby()
    const calling = room.call('double', 21)
    socket.closes(1006)
    await expect(calling).rejects.toMatchObject({ code: 'disconnected' })
    await expect(calling).rejects.toBeInstanceOf(UnknownOutcomeError)
    await stage.clock.advance(1_000)
    const second = await stage.welcome()
    second.answers('join', { recovery: 'fresh', position: ['e', 5] })
    expect(second.frames()).toHaveLength(2)
  })

  test.each([
    ['by default', undefined, 10_000],
    ['as told', { timeoutMs: 250 }, 250],
  ])('without a reply ends in time, %s', async (_, options, ms) => {
    const { room, clock, socket } = await lobby()
    const error = room.call('double', 21, options).catch((reason: unknown) => reason)
    await clock.advance(ms - 1)
    expect(clock.pending).toBe(2)
    await clock.advance(1)
    expect(await error).toMatchObject({ code: 'timeout' })
    // A late reply is nobody's.
    socket.answers('call', 42)
    expect(clock.pending).toBe(1)
  })

  test('whose reply the contract does not allow rejects, and is told', async () => {
    const { client, room, socket } = await lobby()
    const invalid = vi.fn()
    client.onInvalid(invalid)
    const calling = room.call('double', 21)
    socket.answers('call', 'many')
    await expect(calling).rejects.toMatchObject({ code: 'invalid_payload' })
    expect(invalid).toHaveBeenCalledWith(
      expect.objectContaining({ topic: 'room:lobby', kind: 'call', name: 'double', payload: 'many' }),
    )
  })

  test.each([
    ['an input that its schema refuses', 'double', 'x', 'invalid_payload'],
    ['a name that the contract does not know', 'triple', 1, 'unknown_event'],
  ])('with %s is refused at home', async (_, name, input, code) => {
    const { room, socket } = await lobby()
    await expect(room.call(name as 'double', input as number)).rejects.toMatchObject({ code })
    expect(socket.frames()).toEqual([])
  })
})

describe('a signal', () => {
  test('aborted before asks nothing', async () => {
    const { room, socket } = await lobby()
    const signal = AbortSignal.abort('why')
    for (const asking of [
      room.send('message', 'x', { signal }),
      room.call('double', 1, { signal }),
      room.history({ signal }),
      room.presence.update({ name: 'T' }, { signal }),
    ]) {
      await expect(asking).rejects.toMatchObject({ code: 'aborted', cause: 'why' })
    }
    expect(socket.frames()).toEqual([])
  })

  test('aborted meanwhile ends the wait, and leaves no timer', async () => {
    const { room, socket, clock } = await lobby()
    const controller = new AbortController()
    const calling = room.call('double', 1, { signal: controller.signal })
    controller.abort()
    await expect(calling).rejects.toBeInstanceOf(EndedError)
    expect(clock.pending).toBe(1)
    socket.answers('call', 2)
  })

  test('aborted before a waiting send is written keeps it from being written', async () => {
    const { stage, room, socket } = await lobby()
    socket.closes(1006)
    const controller = new AbortController()
    const sending = room.send('message', 'x', { signal: controller.signal })
    controller.abort()
    await expect(sending).rejects.toMatchObject({ code: 'aborted' })
    await stage.clock.advance(1_000)
    const second = await stage.welcome()
    second.answers('join', { recovery: 'fresh', position: ['e', 5] })
    expect(second.frames()).toHaveLength(2)
  })

  test('that lives on holds nothing of what has ended', async () => {
    const { room, socket } = await lobby()
    const controller = new AbortController()
    const remove = vi.spyOn(controller.signal, 'removeEventListener')
    const sending = room.send('message', 'x', { signal: controller.signal })
    socket.answers('send', null)
    await sending
    expect(remove).toHaveBeenCalledOnce()
  })
})
