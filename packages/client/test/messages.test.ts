import { describe, expect, test, vi } from 'vitest'
import type { FakeSocket } from './support/stage.ts'
import { lobby } from './support/stage.ts'

function say(socket: FakeSocket, from: number, to: number, event = 'message'): void {
  for (let offset = from; offset <= to; offset++)
    socket.says('message', 'room:lobby', event, `${offset}`, { at: 1, offset })
}

describe('an iteration', () => {
  test('gets what came since it was asked for, and waits for more', async () => {
    const { room, socket } = await lobby()
    const messages = room.messages('message')
    say(socket, 6, 7)
    const texts: string[] = []
    const reading = (async () => {
      for await (const { payload } of messages) {
        texts.push(payload)
        if (payload === '9') break
      }
    })()
    say(socket, 8, 9)
    await reading
    say(socket, 10, 10)
    expect(texts).toEqual(['6', '7', '8', '9'])
    await expect(messages.next()).resolves.toEqual({ value: undefined, done: true })
  })

  test('of all events has them in one order', async () => {
    const { room, socket } = await lobby()
    const messages = room.messages()
    say(socket, 6, 6)
    say(socket, 7, 7, 'at')
    await expect(messages.next()).resolves.toMatchObject({ value: { event: 'message', payload: '6' } })
    await expect(messages.next()).resolves.toMatchObject({ value: { event: 'at', payload: 7 } })
  })

  test('asked many times at once answers in order', async () => {
    const { room, socket } = await lobby()
    const messages = room.messages('message')
    const asked = [messages.next(), messages.next(), messages.next()]
    say(socket, 6, 7)
    void room.leave()
    expect((await Promise.all(asked)).map(({ value }) => value?.payload)).toEqual(['6', '7', undefined])
  })

  test('is done when the room is left, after what waits', async () => {
    const { room, socket } = await lobby()
    const messages = room.messages('message')
    say(socket, 6, 6)
    void room.leave()
    await expect(messages.next()).resolves.toMatchObject({ done: false })
    await expect(messages.next()).resolves.toEqual({ value: undefined, done: true })
  })

  test('of a room that is left already is done', async () => {
    const { room } = await lobby()
    void room.leave()
    await expect(room.messages().next()).resolves.toEqual({ value: undefined, done: true })
  })

  test('rejects when the server ends the room', async () => {
    const { room, socket } = await lobby()
    const next = room.messages().next()
    socket.says('left', 'room:lobby', { reason: 'kicked' })
    await expect(next).rejects.toMatchObject({ code: 'refused' })
  })

  test.each(['before', 'meanwhile'])('is done with its signal, aborted %s', async (when) => {
    const { room, socket } = await lobby()
    const controller = new AbortController()
    if (when === 'before') controller.abort()
    const messages = room.messages('message', { signal: controller.signal })
    const next = messages.next()
    controller.abort()
    await expect(next).resolves.toEqual({ value: undefined, done: true })
    say(socket, 6, 6)
    await expect(messages.next()).resolves.toEqual({ value: undefined, done: true })
  })

  test('lets go of its signal when the reader stops', async () => {
    const { room } = await lobby()
    const { signal } = new AbortController()
    const remove = vi.spyOn(signal, 'removeEventListener')
    await room.messages('message', { signal }).return?.()
    expect(remove).toHaveBeenCalledOnce()
  })

  test('whose reader is too slow is told, after what waits', async () => {
    const { room, socket } = await lobby()
    const messages = room.messages('message', { maxWaiting: 2 })
    say(socket, 6, 9)
    await expect(messages.next()).resolves.toMatchObject({ value: { payload: '6' } })
    await expect(messages.next()).resolves.toMatchObject({ value: { payload: '7' } })
    await expect(messages.next()).rejects.toMatchObject({ code: 'overflow' })
    await expect(messages.next()).resolves.toEqual({ value: undefined, done: true })
  })

  test('goes on over a lost connection, without a hole', async () => {
    const { stage, room, socket } = await lobby()
    const messages = room.messages('message')
    say(socket, 6, 6)
    socket.closes(1006)
    await stage.clock.advance(1_000)
    const second = await stage.welcome()
    second.answers('join', { recovery: 'recovered', position: ['e', 8] })
    say(second, 7, 8)
    const offsets = []
    for (let i = 0; i < 3; i++) {
      const { value } = await messages.next()
      offsets.push([value.position?.offset, value.recovered])
    }
    expect(offsets).toEqual([
      [6, false],
      [7, true],
      [8, true],
    ])
  })
})
