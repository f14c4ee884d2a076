import { channel, contract, type Member, type MemberChange, type Position, volatile } from '@rollcall/core'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { Client, connect, Message, Sent } from '../src/index.ts'

const chat = contract({
  'room:{room}': channel({
    send: { message: z.string(), count: z.coerce.number() },
    emit: { message: z.string(), moved: volatile(z.object({ x: z.number() })), at: z.string().transform(Number) },
    call: { rename: { input: z.string(), output: z.object({ ok: z.boolean() }) } },
    presence: z.object({ name: z.string(), typing: z.boolean().optional() }),
    history: { messages: 10 },
  }),
  'private:{room}': channel({ join: z.object({ invite: z.string() }), send: { message: z.string() } }),
  news: channel({ emit: { headline: z.string() } }),
})
type Chat = (typeof chat)['channels']
declare const client: Client<Chat>

test('connect takes its type from the contract', () => {
  expectTypeOf<ReturnType<typeof connect<Chat>>>().toEqualTypeOf<Client<Chat>>()
})

// The body is for the compiler alone.
const compiled = () => {
  const room = client.join('room:lobby', { presence: { name: 'Tyr' }, last: 10 })
  room.on('message', (text, { from, at, position, recovered, event }) => {
    expectTypeOf(text).toEqualTypeOf<string>()
    expectTypeOf(from?.key).toEqualTypeOf<string | undefined>()
    expectTypeOf(at).toEqualTypeOf<number>()
    expectTypeOf(position).toEqualTypeOf<Position | null>()
    expectTypeOf(recovered).toEqualTypeOf<boolean>()
    expectTypeOf(event).toEqualTypeOf<'message'>()
  })
  room.on('moved', ({ x }) => expectTypeOf(x).toEqualTypeOf<number>())
  room.on('at', (at) => expectTypeOf(at).toEqualTypeOf<number>())
  expectTypeOf(room.send('message', 'hi')).toEqualTypeOf<Promise<Sent>>()
  expectTypeOf(room.call('rename', 'x')).toEqualTypeOf<Promise<{ ok: boolean }>>()
  // @ts-expect-error an event of emit is not sent
  void room.send('moved', { x: 1 })
  // @ts-expect-error a payload of the wrong type
  void room.send('message', 1)
  // @ts-expect-error no such event
  room.on('headline', () => {})
  // @ts-expect-error a topic that the contract does not know
  client.join('lobby')
  // @ts-expect-error the channel asks for an input
  client.join('private:a')
  // @ts-expect-error the input lacks the invite
  client.join('private:a', { input: {} })
  client.join('private:a', { input: { invite: 'x' } })
  // @ts-expect-error no presence on this channel
  client.join('news', { presence: { name: 'Tyr' } })
  // @ts-expect-error the name is missing
  client.join('room:a', { presence: {} })
  client.join('news').on('headline', (text) => expectTypeOf(text).toEqualTypeOf<string>())
  const name: string = 'a'
  client.join(`room:${name}`)

  type Meta = { name: string; typing?: boolean | undefined }
  expectTypeOf(room.presence.members()).toEqualTypeOf<readonly Member<Meta>[]>()
  room.presence.subscribe((members, changes) => {
    expectTypeOf(members[0]?.meta.name).toEqualTypeOf<string | undefined>()
    expectTypeOf(changes).toEqualTypeOf<readonly MemberChange<Meta>[]>()
  })
  void room.presence.update({ name: 'Tyr', typing: true })
  // @ts-expect-error not the presence's metadata
  void room.presence.update({ nom: 'Tyr' })
  return (async () => {
    for await (const message of room.messages()) {
      if (message.event === 'moved') expectTypeOf(message.payload).toEqualTypeOf<{ x: number }>()
      else expectTypeOf(message.payload).toEqualTypeOf<string | number>()
    }
    for await (const { payload } of room.messages('at')) expectTypeOf(payload).toEqualTypeOf<number>()
    const page = await room.history({ before: 10 })
    expectTypeOf(page.messages).toExtend<readonly Message<Chat['room:{room}']>[]>()
  })()
}
void compiled
