import { channel, contract, volatile } from '@rollcall/core'
import { allow, type Handlers } from 'rollcall'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { check, cluster, history, recordRoom, recordWire } from '../src/index.ts'

const chat = contract({
  'room:{room}': channel({
    send: { say: z.string(), point: z.string() },
    emit: { said: z.string(), pointed: volatile(z.string()) },
    call: { fail: { input: z.null(), output: z.null() } },
    presence: z.object({ name: z.string() }),
    history: { messages: 100 },
  }),
})

const handlers: Handlers<typeof chat.channels> = {
  'room:{room}': {
    join: () => allow(),
    say: ({ channel }, text) => channel.emit('said', text),
    point: ({ channel }, text) => channel.emit('pointed', text),
    fail: () => {
      throw new Error('a fault of the application')
    },
  },
}

const named = {
  options: () => ({ authenticate: ({ credentials }: { credentials: unknown }) => ({ id: String(credentials) }) }),
}

describe('a cluster', () => {
  it('gives a client that was cut off what it missed', async () => {
    const town = cluster(chat, handlers)
    const anna = town.client('anna').join('room:lobby', { presence: { name: 'Anna' } })
    const ben = town.client('ben').join('room:lobby')
    const heard: string[] = []
    ben.on('said', (text) => heard.push(text))
    await town.until(Promise.all([anna.joined, ben.joined]))
    expect((await town.until(anna.send('say', 'one'))).position?.offset).toBe(1)
    await town.advance(1_000)
    expect(town.link('ben').cut()).toBe(1)
    await town.until(anna.send('say', 'two'))
    expect(heard).toEqual(['one'])
    await town.advance(3_000)
    expect(heard).toEqual(['one', 'two'])
  })

  it('lets a node crash and come back with its log, which goes on where it was', async () => {
    const town = cluster(chat, handlers, named)
    const anna = town.client('anna').join('room:lobby')
    await town.until(anna.joined)
    const { position } = await town.until(anna.send('say', 'before'))
    town.nodes[0]!.crash()
    expect([town.nodes[0]!.running, () => town.nodes[0]!.app]).toEqual([false, expect.any(Function)])
    expect(() => town.nodes[0]!.app).toThrow('does not run')
    await town.advance(500)
    expect(anna.state.kind).toBe('rejoining')
    town.nodes[0]!.start()
    expect(() => town.nodes[0]!.start()).toThrow('runs already')
    const after = await town.until(anna.send('say', 'after'))
    expect(after.position).toEqual({ epoch: position?.epoch, offset: 2 })
  })

  it('may lose the log, and tells those who held a position', async () => {
    const town = cluster(chat, handlers, named)
    const anna = town.client('anna').join('room:lobby')
    const gaps: string[] = []
    anna.onGap(({ reason }) => gaps.push(reason))
    await town.until(anna.send('say', 'before'))
    expect(() => town.loseLog()).toThrow('Stop every node')
    await town.until(town.nodes[0]!.stop())
    town.loseLog()
    town.nodes[0]!.start()
    await town.advance(30_000)
    expect([anna.state.kind, gaps]).toEqual(['joined', ['epoch_changed']])
  })

  it('of several nodes is one to its clients, who may come back to another one', async () => {
    const town = cluster(chat, handlers, { ...named, nodes: 3 })
    const anna = town.client('anna', { node: 'node-1' }).join('room:lobby', { presence: { name: 'Anna' } })
    const ben = town.client('ben', { node: 'node-2' }).join('room:lobby', { presence: { name: 'Ben' } })
    const heard: string[] = []
    ben.on('said', (text) => heard.push(text))
    await town.until(Promise.all([anna.joined, ben.joined]))
    await town.until(anna.send('say', 'hello'))
    await town.advance(2_000)
    expect(heard).toEqual(['hello'])
    expect(
      ben.presence
        .members()
        .map(({ key }) => key)
        .sort(),
    ).toEqual(['anna', 'ben'])
    const carl = town.client('carl').join('room:lobby')
    await town.until(carl.joined)
    for (const node of town.nodes.slice(0, 2)) node.crash('silent')
    await town.advance(60_000)
    expect(carl.presence.count).toBe(0)
    expect(carl.state.kind).toBe('joined')
  })

  it('lets a node sleep, and wake', async () => {
    const town = cluster(chat, handlers, named)
    const anna = town.client('anna').join('room:lobby')
    await town.until(anna.joined)
    const wake = town.nodes[0]!.suspend()
    const sending = anna.send('say', 'hello')
    await town.advance(5_000)
    wake()
    expect((await town.until(sending)).position?.offset).toBe(1)
  })

  it('reaches its log through conditions that can change', async () => {
    const town = cluster(chat, handlers, { ...named, logConditions: { delayMs: 20 } })
    const anna = town.client('anna').join('room:lobby')
    await town.until(anna.send('say', 'slow'))
    town.nodes[0]!.logConditions.unavailable = true
    await expect(town.until(anna.send('say', 'lost'))).rejects.toThrow('cannot take messages now')
    town.nodes[0]!.logConditions.unavailable = false
    expect((await town.until(anna.send('say', 'found'))).position?.offset).toBe(2)
  })

  it('keeps what its servers report as failed', async () => {
    const town = cluster(chat, handlers)
    const anna = town.client('anna').join('room:lobby')
    await town.until(anna.joined)
    await expect(town.until(anna.call('fail', null))).rejects.toThrow('failed on the server')
    expect(town.failures.map(({ error }) => (error as Error).message)).toEqual(['a fault of the application'])
  })

  it('of no nodes is none', () => {
    expect(() => cluster(chat, handlers, { nodes: 0 })).toThrow(RangeError)
    expect(() => cluster(chat, handlers, { nodes: 1.5 })).toThrow(RangeError)
  })
})

describe('recorders', () => {
  it('write down what a room tells, and what became of what was sent', async () => {
    const town = cluster(chat, handlers, named)
    const log = history(() => town.clock.now())
    const room = town.client('anna').join('room:lobby', { presence: { name: 'Anna' } })
    const anna = recordRoom(log, room, {
      who: 'anna#1',
      user: 'anna',
      events: ['said', 'pointed'],
      volatile: ['pointed'],
    })
    await town.until(room.joined)
    await town.until(anna.send('say', 'v1', 'v1'))
    await town.until(anna.send('point', 'v2', 'v2', 'volatile'))
    town.link('anna').cut()
    await town.advance(3_000)
    await town.until(anna.send('say', 1 as never, 'v3'))
    anna.see()
    await town.until(room.leave())
    const told = log.records.filter(({ kind }) => kind !== 'change').map(({ at: _, ...record }) => record)
    const position = { epoch: expect.any(String), offset: 1 }
    expect(told).toEqual([
      {
        kind: 'joined',
        who: 'anna#1',
        topic: 'room:lobby',
        user: 'anna',
        after: { epoch: expect.any(String), offset: 0 },
      },
      { kind: 'send', by: 'anna#1', topic: 'room:lobby', value: 'v1' },
      { kind: 'deliver', who: 'anna#1', topic: 'room:lobby', value: 'v1', position },
      { kind: 'accepted', topic: 'room:lobby', value: 'v1', position },
      { kind: 'send', by: 'anna#1', topic: 'room:lobby', value: 'v2', volatile: true },
      { kind: 'deliver', who: 'anna#1', topic: 'room:lobby', value: 'v2', position: null, volatile: true },
      { kind: 'accepted', topic: 'room:lobby', value: 'v2', position: null },
      { kind: 'interrupted', who: 'anna#1', topic: 'room:lobby' },
      { kind: 'resumed', who: 'anna#1', topic: 'room:lobby' },
      { kind: 'send', by: 'anna#1', topic: 'room:lobby', value: 'v3' },
      { kind: 'refused', topic: 'room:lobby', value: 'v3' },
      { kind: 'seen', who: 'anna#1', topic: 'room:lobby', members: { anna: [{ name: 'Anna' }] } },
      { kind: 'left', who: 'anna#1', topic: 'room:lobby' },
    ])
    expect(check(log.records).anomalies).toEqual([])
  })

  it('of the wire see what a client would hide', async () => {
    // A server that answers a leave, and forgets it.
    const town = cluster(chat, handlers, {
      ...named,
      seams: {
        session: (session) => ({
          receive: (payload, now) =>
            session
              .receive(payload, now)
              .flatMap((effect) =>
                effect.kind === 'request' && effect.request.kind === 'leave'
                  ? session.answer(effect.request, { ok: true, result: null }, now)
                  : [effect],
              ),
          answer: (request, outcome, now) => session.answer(request, outcome, now),
          notify: (notice) => session.notify(notice),
          tick: (now) => session.tick(now),
        }),
      },
    })
    const log = history(() => town.clock.now())
    const wire = recordWire(log, town.network, { volatile: (_, event) => event === 'pointed' })
    const room = town.client('anna').join('room:lobby')
    const ben = recordRoom(log, town.client('ben').join('room:lobby'), { who: 'ben#1', events: ['said'] })
    await town.until(room.joined)
    await town.until(room.leave())
    await town.until(ben.send('say', 'v1', 'v1'))
    await town.advance(1_000)
    wire.stop()
    expect(check(log.records).anomalies.map(({ anomaly, message }) => [anomaly, message])).toEqual([
      ['after_leave', 'wire:anna/1/room:lobby/1 got v1 after it had left'],
    ])
    expect(wire.counts).toEqual({ resumedSessions: 0, recovered: 0, gaps: 0, repeatedSends: 0 })
  })
})
