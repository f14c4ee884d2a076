import { bytes, channel, contract } from '@rollcall/core'
import { type App, allow, type RollcallOptions, refuse, rollcall } from 'rollcall'
import { z } from 'zod'

/** One channel of each kind, for inputs to find. */
export const chat = contract({
  'room:{room}': channel({
    send: { message: z.unknown(), file: bytes({ maxBytes: 1_000 }) },
    emit: { message: z.unknown() },
    call: { double: { input: z.number(), output: z.number() } },
    presence: z.object({ name: z.string() }),
  }),
  'log:{room}': channel({ send: { message: z.string() }, emit: { message: z.string() }, history: { messages: 20 } }),
  'private:{room}': channel({ join: z.object({ key: z.string() }), emit: { note: z.string() } }),
})

export function chatServer(options: RollcallOptions): App {
  return rollcall(
    chat,
    {
      'room:{room}': {
        join: () => allow(),
        message: ({ channel }, payload) => channel.emit('message', payload),
        file: () => {},
        double: (_, n) => n * 2,
      },
      'log:{room}': { join: () => allow(), message: ({ channel }, text) => channel.emit('message', text) },
      'private:{room}': { join: ({ input, params }) => (input.key === params.room ? allow() : refuse('no')) },
    },
    options,
  ) as unknown as App
}
