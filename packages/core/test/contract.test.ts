import {
  type CallOutput,
  type CallReply,
  type CallRequest,
  channel,
  contract,
  type EmitInput,
  type EmitOutput,
  isVolatile,
  type JoinInput,
  type PresenceInput,
  type PresenceOutput,
  type SendInput,
  type SendOutput,
  type SpecFor,
  type TopicIn,
  volatile,
} from '@rollcall/core'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const text = z.string()

describe('the channel of a topic', () => {
  const rules = contract({
    'room:{room}': channel({ send: { a: text } }),
    '{anything}': channel({}),
    'room:lobby': channel({ emit: { b: text } }),
  })

  test.each([
    ['room:lobby', 'room:lobby', {}],
    ['room:1', 'room:{room}', { room: '1' }],
    ['news', '{anything}', { anything: 'news' }],
  ])('%s is %s', (topic, expected, params) => {
    expect(rules.match(topic)).toEqual({ pattern: expected, spec: rules.channels[expected as 'room:lobby'], params })
  })

  test.each(['', '\u0000', 'x'.repeat(256)])('%j has none', (topic) => {
    expect(rules.match(topic)).toBeNull()
  })
})

describe('a contract refuses', () => {
  const cases: [string, Record<string, unknown>, string][] = [
    ['a schema that is none', { send: { a: String } }, 'send.a must be a Standard Schema'],
    ['an emitted schema that is none', { emit: { a: null } }, 'emit.a'],
    ['a presence that is none', { presence: {} }, 'presence must be'],
    ['a join that is none', { join: 'x' }, 'join must be'],
    ['half a call', { call: { a: { input: text } } }, 'call.a.output'],
    ['an event named as a handler', { send: { join: text } }, '"join" is a handler'],
    ['a call named as a handler', { call: { leave: { input: text, output: text } } }, '"leave" is a handler'],
    ['a name used twice', { send: { a: text }, call: { a: { input: text, output: text } } }, 'both'],
    ['a history of nothing', { history: { messages: 0 } }, 'history.messages must be above 0'],
    ['a history of NaN', { history: { ageMs: Number.NaN } }, 'history.ageMs'],
  ]
  test.each(cases)('%s', (_, spec, reason) => {
    expect(() => contract({ 'a:{b}': spec as never })).toThrow(reason)
    expect(() => contract({ 'a:{b}': spec as never })).toThrow(/Channel "a:\{b\}"/)
  })
})

test('a volatile event is marked, and keeps its key', () => {
  const moved = volatile(z.object({ id: text }), { key: ({ id }) => id })
  expect(isVolatile(moved)).toBe(true)
  expect(isVolatile(text)).toBe(false)
  expect(moved.key?.({ id: 'x' } as never)).toBe('x')
})

test('types follow from the schemas', () => {
  const rules = contract({
    'room:{room}': channel({
      join: z.object({ secret: text }),
      send: { age: z.string().transform(Number) },
      emit: { at: v.pipe(v.string(), v.transform(Number)), moved: volatile(z.object({ x: z.number() })) },
      call: { double: { input: z.coerce.number<string>(), output: z.number().transform(String) } },
      presence: z.object({ name: text.default('nobody') }),
    }),
    'room:lobby': channel({ send: { only: text } }),
    news: channel({}),
  })
  type Rules = (typeof rules)['channels']
  type Room = SpecFor<Rules, 'room:1'>
  expectTypeOf<TopicIn<Rules>>().toEqualTypeOf<`room:${string}` | 'room:lobby' | 'news'>()
  expectTypeOf<SendInput<Room, 'age'>>().toEqualTypeOf<string>()
  expectTypeOf<SendOutput<Room, 'age'>>().toEqualTypeOf<number>()
  expectTypeOf<EmitInput<Room, 'at'>>().toEqualTypeOf<string>()
  expectTypeOf<EmitOutput<Room, 'at'>>().toEqualTypeOf<number>()
  expectTypeOf<EmitOutput<Room, 'moved'>>().toEqualTypeOf<{ x: number }>()
  expectTypeOf<CallRequest<Room, 'double'>>().toEqualTypeOf<number>()
  expectTypeOf<CallReply<Room, 'double'>>().toEqualTypeOf<number>()
  expectTypeOf<CallOutput<Room, 'double'>>().toEqualTypeOf<string>()
  expectTypeOf<PresenceInput<Room>>().toEqualTypeOf<{ name?: string | undefined }>()
  expectTypeOf<PresenceOutput<Room>>().toEqualTypeOf<{ name: string }>()
  expectTypeOf<JoinInput<Room>>().toEqualTypeOf<{ secret: string }>()
  expectTypeOf<JoinInput<SpecFor<Rules, 'news'>>>().toEqualTypeOf<undefined>()
  expectTypeOf<keyof SpecFor<Rules, 'room:lobby'>['send']>().toEqualTypeOf<'only'>()
})
