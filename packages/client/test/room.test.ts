import { describe, expect, test, vi } from 'vitest'
import type { Gap, RoomState } from '../src/index.ts'
import { lobby, Stage } from './support/stage.ts'

const from = { key: 'ann', connection: 'c9', name: 'Ann' }

describe('a room', () => {
  test('is joining, joined, rejoining, joined and left', async () => {
    const stage = new Stage()
    const room = stage.client.join('room:lobby', { presence: { name: 'Tyr' }, last: 5 })
    const states: RoomState[] = []
    room.subscribeState((state) => states.push(state))
    expect(room.state).toEqual({ kind: 'joining' })
    const socket = await stage.welcome()
    expect(socket.frames()[1]).toEqual([
      'join',
      expect.any(Number),
      'room:lobby',
      { presence: { name: 'Tyr' }, last: 5 },
    ])
    socket.answers('join', { recovery: 'fresh', position: ['e', 3], reply: { topic: 'hello' } })
    await expect(room.joined).resolves.toMatchObject({
      recovery: 'fresh',
      position: { epoch: 'e', offset: 3 },
      reply: { topic: 'hello' },
    })
    socket.closes(1006)
    await stage.clock.advance(1_000)
    const second = await stage.welcome()
    second.answers('join', { recovery: 'fresh', position: ['e', 3] })
    const leaving = room.leave()
    second.answers('leave', null)
    await leaving
    expect(states.map(({ kind }) => kind)).toEqual(['joined', 'rejoining', 'joined', 'left'])
    expect(room.state).toEqual({ kind: 'left', reason: 'room:lobby was left', error: null })
  })

  test.each([
    ['refused', 'RefusedError'],
    ['too_many_channels', 'InvalidError'],
    ['internal', 'UnknownOutcomeError'],
  ])('refused with %s ends', async (code) => {
    const stage = new Stage()
    const room = stage.client.join('room:lobby')
    const left = vi.fn()
    room.onLeft(left)
    const socket = await stage.welcome()
    socket.refuses('join', code, { details: { why: 'full' } })
    await expect(room.joined).rejects.toMatchObject({ code, details: { why: 'full' } })
    expect(room.state).toMatchObject({ kind: 'left', error: { code } })
    expect(left).toHaveBeenCalledOnce()
    // The topic is free again.
    expect(() => stage.client.join('room:lobby')).not.toThrow()
  })

  test('refused for now is tried again, unseen', async () => {
    const stage = new Stage()
    const room = stage.client.join('room:lobby')
    const socket = await stage.welcome()
    socket.refuses('join', 'rate_limited', { retryAfterMs: 2_000 })
    expect(room.state).toEqual({ kind: 'joining' })
    await stage.clock.advance(2_000)
    socket.answers('join', { recovery: 'fresh' })
    await room.joined
  })

  test('is one for each topic', async () => {
    const { client } = await lobby()
    expect(() => client.join('room:lobby')).toThrow(expect.objectContaining({ code: 'already_joined' }))
  })

  test.each([
    ['a topic that the contract does not know', 'nowhere', {}, 'unknown_topic'],
    ['a topic with a control character', 'room:\u0000', {}, 'unknown_topic'],
    ['a topic too long', `room:${'x'.repeat(300)}`, {}, 'unknown_topic'],
    ['an input that its schema refuses', 'private:a', { input: {} }, 'invalid_payload'],
    ['a presence that its schema refuses', 'room:a', { presence: { name: 5 } }, 'invalid_payload'],
    ['a presence where there is none', 'cursors', { presence: {} }, 'unknown_event'],
  ])('with %s ends at once, and nothing is sent', async (_, topic, options, code) => {
    const stage = new Stage()
    const room = stage.client.join(topic as 'cursors', options as never)
    expect(room.state).toMatchObject({ kind: 'left', error: { code } })
    await expect(room.joined).rejects.toMatchObject({ code })
    const socket = await stage.welcome()
    expect(socket.frames()).toHaveLength(1)
  })

  test.each([-1, 1.5, Number.NaN, '5'])('with last %s throws', (last) => {
    expect(() => new Stage().client.join('room:a', { last: last as number })).toThrow(RangeError)
  })

  test('whose refusal nobody awaits breaks nothing', async () => {
    const stage = new Stage()
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    stage.client.join('nowhere' as 'cursors')
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  test('removed by the server ends with an error that says so', async () => {
    const { room, socket } = await lobby()
    socket.says('left', 'room:lobby', { reason: 'kicked' })
    expect(room.state).toMatchObject({
      kind: 'left',
      reason: 'Removed from room:lobby: kicked',
      error: { code: 'refused' },
    })
    await expect(room.send('message', 'x')).rejects.toMatchObject({ code: 'not_joined' })
  })

  test('keeps its position for a later visit', async () => {
    const { room, socket, client } = await lobby()
    socket.says('message', 'room:lobby', 'message', 'a', { at: 1, offset: 6 })
    void room.leave()
    expect(room.position).toEqual({ epoch: 'e', offset: 6 })
    client.join('room:lobby', { position: room.position! })
    expect(socket.frames().at(-1)).toEqual(['join', expect.any(Number), 'room:lobby', { position: ['e', 6] }])
  })
})

describe('the signal of a join', () => {
  test('ends it before', async () => {
    const controller = new AbortController()
    const stage = new Stage()
    const room = stage.client.join('room:lobby', { signal: controller.signal })
    controller.abort('why')
    await expect(room.joined).rejects.toMatchObject({ code: 'aborted', cause: 'why' })
    const socket = await stage.welcome()
    expect(socket.frames()).toHaveLength(1)
  })

  test('ends it if it was aborted already', async () => {
    const room = new Stage().client.join('room:lobby', { signal: AbortSignal.abort() })
    await expect(room.joined).rejects.toMatchObject({ code: 'aborted' })
  })

  test('is let go of when the room is left', async () => {
    const { signal } = new AbortController()
    const remove = vi.spyOn(signal, 'removeEventListener')
    void new Stage().client.join('room:lobby', { signal }).leave()
    expect(remove).toHaveBeenCalledOnce()
  })

  test('leaves the room after', async () => {
    const controller = new AbortController()
    const stage = new Stage()
    const room = stage.client.join('room:lobby', { signal: controller.signal })
    const socket = await stage.welcome()
    socket.answers('join', { recovery: 'fresh' })
    socket.frames()
    controller.abort()
    expect(room.state).toMatchObject({ kind: 'left', error: null })
    expect(socket.frames()).toEqual([['leave', expect.any(Number), 'room:lobby']])
  })
})

describe('messages', () => {
  test('come to the listeners of their event, as their schema makes them', async () => {
    const { room, socket } = await lobby()
    const texts = vi.fn()
    const numbers = vi.fn()
    room.on('message', texts)
    room.on('at', numbers)
    socket.says('message', 'room:lobby', 'message', 'hi', { from, at: 9, offset: 6 })
    socket.says('message', 'room:lobby', 'at', '42', { at: 9, offset: 7 })
    expect(texts.mock.calls).toEqual([
      [
        'hi',
        expect.objectContaining({
          topic: 'room:lobby',
          event: 'message',
          payload: 'hi',
          from,
          at: 9,
          position: { epoch: 'e', offset: 6 },
          recovered: false,
        }),
      ],
    ])
    expect(numbers.mock.calls).toEqual([[42, expect.objectContaining({ from: null, payload: 42 })]])
  })

  test('do not come after an undo, nor after a leave, even in the same round', async () => {
    const { room, socket } = await lobby()
    const undone = vi.fn()
    const after = vi.fn()
    const undo = room.on('message', undone)
    undo()
    undo()
    room.on('message', () => void room.leave())
    room.on('message', after)
    socket.says('message', 'room:lobby', 'message', 'a', { at: 1, offset: 6 })
    socket.says('message', 'room:lobby', 'message', 'b', { at: 1, offset: 7 })
    expect(undone).not.toHaveBeenCalled()
    expect(after).not.toHaveBeenCalled()
  })

  test('the same listener twice is two, each with its own undo', async () => {
    const { room, socket } = await lobby()
    const listener = vi.fn()
    room.on('message', listener)
    const undo = room.on('message', listener)
    undo()
    socket.says('message', 'room:lobby', 'message', 'a', { at: 1, offset: 6 })
    expect(listener).toHaveBeenCalledOnce()
  })

  test('a listener that throws keeps nobody from hearing, and is heard of itself', async () => {
    const { room, socket } = await lobby()
    const listener = vi.fn()
    const later: (() => void)[] = []
    vi.stubGlobal('queueMicrotask', (task: () => void) => later.push(task))
    room.on('message', () => {
      throw new Error('broken')
    })
    room.on('message', listener)
    socket.says('message', 'room:lobby', 'message', 'a', { at: 1, offset: 6 })
    vi.unstubAllGlobals()
    expect(listener).toHaveBeenCalledOnce()
    expect(later).toHaveLength(1)
    expect(later[0]).toThrow('broken')
  })

  test('that the contract does not allow go to onInvalid, and do not stop the others', async () => {
    const { client, room, socket } = await lobby()
    const invalid = vi.fn()
    const texts = vi.fn()
    client.onInvalid(invalid)
    room.on('message', texts)
    for (const [i, [event, payload]] of [
      ['message', 5],
      ['gone', 'x'],
      ['constructor', 'x'],
      ['slow', 'x'],
      ['message', 'ok'],
    ].entries())
      socket.says('message', 'room:lobby', event, payload, { at: 1, offset: 6 + i })
    expect(texts.mock.calls.map(([text]) => text)).toEqual(['ok'])
    expect(
      invalid.mock.calls.map(([{ topic, kind, name, payload, issues }]) => [topic, kind, name, payload, issues]),
    ).toEqual([
      ['room:lobby', 'emit', 'message', 5, expect.any(String)],
      ['room:lobby', 'emit', 'gone', 'x', 'no such event'],
      ['room:lobby', 'emit', 'constructor', 'x', 'no such event'],
      ['room:lobby', 'emit', 'slow', 'x', expect.stringContaining('at once')],
    ])
  })

  test('that nobody listens to the faults of are warned of', async () => {
    const { socket } = await lobby()
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    socket.says('message', 'room:lobby', 'message', 5, { at: 1, offset: 6 })
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('emit "message" in room:lobby'))
    warn.mockRestore()
  })

  test('of bytes come as bytes', async () => {
    const { room, client, socket } = await lobby()
    const invalid = vi.fn()
    client.onInvalid(invalid)
    const header = new TextEncoder().encode('["message","room:lobby","message",null,{"at":1,"offset":6}]')
    socket.saysBytes(Uint8Array.from([0, header.length, ...header, 1, 2, 3]))
    expect(invalid).toHaveBeenCalledWith(expect.objectContaining({ payload: Uint8Array.of(1, 2, 3) }))
    expect(room.position?.offset).toBe(6)
  })
})

describe('gaps', () => {
  test('are told with both their ends', async () => {
    const { room, socket } = await lobby()
    const gaps: Gap[] = []
    room.onGap((gap) => gaps.push(gap))
    socket.says('gap', 'room:lobby', { reason: 'too_old', position: ['e', 90] })
    expect(gaps).toMatchObject([
      { reason: 'too_old', after: { epoch: 'e', offset: 5 }, position: { epoch: 'e', offset: 90 } },
    ])
  })

  test('of a channel without history are every loss of the connection', async () => {
    const stage = new Stage()
    const room = stage.client.join('private:a', { input: { secret: 'x' } })
    const cursors = stage.client.join('cursors')
    const gaps: Gap[] = []
    room.onGap((gap) => gaps.push(gap))
    // Volatile events promise nothing, so nothing is missed.
    cursors.onGap((gap) => gaps.push(gap))
    for (let i = 0; i < 2; i++) {
      const socket = await stage.welcome()
      for (const frame of socket.frames().slice(1))
        socket.says('ok', (frame as [string, number])[1], { recovery: 'fresh' })
      if (i === 0) socket.closes(1006)
      await stage.clock.advance(1_000)
    }
    expect(room.state.kind).toBe('joined')
    expect(cursors.state.kind).toBe('joined')
    expect(gaps).toEqual([{ reason: 'not_kept', after: null, position: null }])
  })
})

describe('presence', () => {
  const ann = ['1', 'ann', { name: 'Ann' }, 1]
  const tyr = ['c1', 'tyr', { name: 'Tyr' }, 1]

  test('is read without asking, and told when it changes', async () => {
    const { room, socket } = await lobby({ roster: { v: ['r', 1], entries: [ann] }, entry: tyr })
    const { presence } = room
    expect(presence.members().map(({ key, meta }) => [key, meta])).toEqual([
      ['ann', { name: 'Ann' }],
      ['tyr', { name: 'Tyr' }],
    ])
    expect([presence.count, presence.entries]).toEqual([2, 2])
    expect(presence.get('ann')).toMatchObject({ key: 'ann', entries: [{ id: '1' }] })
    expect(presence.get('__proto__')).toBeUndefined()
    const members = presence.members()
    expect(presence.members()).toBe(members)
    const changes = vi.fn()
    presence.subscribe(changes)
    socket.says('presence', 'room:lobby', {
      v: ['r', 2],
      since: 1,
      set: [['2', 'ann', { name: 'Anna' }, 1]],
      gone: ['c1'],
    })
    expect(presence.members()).not.toBe(members)
    expect([presence.count, presence.entries]).toEqual([1, 2])
    expect(changes).toHaveBeenCalledExactlyOnceWith(presence.members(), [
      { kind: 'updated', member: presence.get('ann'), previous: expect.objectContaining({ meta: { name: 'Ann' } }) },
      { kind: 'left', member: expect.objectContaining({ key: 'tyr' }) },
    ])
  })

  test('is there when the join is told', async () => {
    const stage = new Stage()
    const room = stage.client.join('room:lobby')
    const counts: number[] = []
    room.subscribeState(({ kind }) => kind === 'joined' && counts.push(room.presence.count))
    const socket = await stage.welcome()
    socket.answers('join', { recovery: 'fresh', roster: { v: ['r', 1], entries: [ann] } })
    expect(counts).toEqual([1])
  })

  test('may be counts only', async () => {
    const { room } = await lobby({ roster: { v: ['r', 1], members: 40, count: 55 } })
    expect([room.presence.count, room.presence.entries, room.presence.members()]).toEqual([40, 55, []])
  })

  test('stays while the connection is away, and is gone when the room is left', async () => {
    const { room, socket } = await lobby({ roster: { v: ['r', 1], entries: [ann] } })
    socket.closes(1006)
    expect(room.presence.count).toBe(1)
    void room.leave()
    expect([room.presence.count, room.presence.members(), room.presence.get('ann')]).toEqual([0, [], undefined])
  })

  test('is updated and untracked', async () => {
    const { room, socket } = await lobby()
    const updating = room.presence.update({ name: 'T' })
    expect(socket.frames()).toEqual([['track', expect.any(Number), 'room:lobby', { name: 'T' }]])
    socket.answers('track', null)
    await updating
    const untracking = room.presence.untrack()
    expect(socket.frames()).toEqual([['untrack', expect.any(Number), 'room:lobby']])
    socket.answers('untrack', null)
    await untracking
  })

  test('that its schema refuses is not sent', async () => {
    const { room, socket } = await lobby()
    await expect(room.presence.update({ name: 5 } as never)).rejects.toMatchObject({ code: 'invalid_payload' })
    expect(socket.frames()).toEqual([])
  })
})

describe('history', () => {
  test('comes as the contract has it, and what it does not allow is told', async () => {
    const { client, room, socket } = await lobby()
    const invalid = vi.fn()
    client.onInvalid(invalid)
    const reading = room.history({ before: 5, limit: 3 })
    expect(socket.frames()).toEqual([['history', expect.any(Number), 'room:lobby', { before: 5, limit: 3 }]])
    const messages = [
      ['message', 'a', { from, at: 1, offset: 2 }],
      ['message', 5, { at: 1, offset: 3 }],
      ['at', '7', { at: 1, offset: 4 }],
    ]
    socket.answers('history', { epoch: 'e', more: true, messages })
    const page = await reading
    expect(page.more).toBe(true)
    expect(page.messages.map(({ event, payload, position }) => [event, payload, position?.offset])).toEqual([
      ['message', 'a', 2],
      ['at', 7, 4],
    ])
    expect(invalid).toHaveBeenCalledWith(expect.objectContaining({ name: 'message', payload: 5 }))
  })

  test('is asked again over a lost connection', async () => {
    const { stage, room, socket } = await lobby()
    const reading = room.history()
    socket.closes(1006)
    await stage.clock.advance(1_000)
    const second = await stage.welcome()
    second.answers('join', { recovery: 'recovered', position: ['e', 5] })
    second.answers('history', { epoch: 'e', more: false, messages: [] })
    await expect(reading).resolves.toEqual({ epoch: 'e', more: false, messages: [] })
  })
})
