import { channel, contract } from '@rollcall/core'
import { rollcall } from 'rollcall'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { phoenix } from '../../src/phoenix/index.ts'

describe('an option that cannot work is named', () => {
  test.each([
    [{ path: 'socket' }, TypeError, 'path'],
    [{ path: '/' }, TypeError, 'path'],
    [{ path: '/a?b' }, TypeError, 'path'],
    [{ maxChannels: 0 }, RangeError, 'maxChannels'],
    [{ maxFrameBytes: -1 }, RangeError, 'maxFrameBytes'],
    [{ idleMs: 0 }, RangeError, 'idleMs'],
    [{ pingMs: Number.NaN }, RangeError, 'pingMs'],
    [{ deadMs: -5 }, RangeError, 'deadMs'],
    [{ longPoll: { windowMs: 0 } }, RangeError, 'longPoll.windowMs'],
    [{ longPoll: { idleMs: -1 } }, RangeError, 'longPoll.idleMs'],
    [{ longPoll: { maxBodyBytes: 0 } }, RangeError, 'longPoll.maxBodyBytes'],
  ])('%j', (options, type, named) => {
    expect(() => phoenix(options)).toThrow(type)
    expect(() => phoenix(options)).toThrow(named)
  })
})

test('an event that clients would take for a word of the protocol is named', () => {
  const rooms = contract({ 'room:{room}': channel({ emit: { phx_close: z.string() } }) })
  const handlers = { 'room:{room}': { join: () => ({ allowed: true as const, reply: null }) } }
  expect(() => rollcall(rooms, handlers, { dialects: [phoenix()] })).toThrow(/"phx_close" of "room:\{room\}"/)
})

test('there are two routes, or one without long poll', () => {
  const host = { contract: contract({}), limits: { messageBytes: 1, messageDepth: 1 } } as never
  const paths = (dialect: ReturnType<typeof phoenix>) => dialect.mount(host).map(({ path }) => path)
  expect(paths(phoenix())).toEqual(['/socket/websocket', '/socket/longpoll'])
  expect(paths(phoenix({ path: '/a/b/', longPoll: false }))).toEqual(['/a/b/websocket'])
})
