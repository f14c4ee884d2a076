import { channel, contract } from '@rollcall/core'
import { allow } from 'rollcall'
import { z } from 'zod'

const events = { send: { say: z.string() }, emit: { said: z.string() }, presence: z.object({ n: z.number() }) } as const

/** The application that nodes serve and people use: rooms whose messages are kept, and halls where they are not. */
export const application = contract({
  'room:{room}': channel({ ...events, history: { messages: 100_000 } }),
  'hall:{room}': channel(events),
})

interface Speaking {
  readonly channel: { emit(event: 'said', text: string): Promise<unknown> }
}

const channelHandlers = {
  join: () => allow(),
  // The answer says where the message stands: clients of other protocols have no other way to learn it.
  say: ({ channel }: Speaking, text: string) => channel.emit('said', text),
}

export const handlers = { 'room:{room}': channelHandlers, 'hall:{room}': channelHandlers }
