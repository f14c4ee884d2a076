import { channel, contract } from '@rollcall/core'
import { phoenix } from '@rollcall/dialects/phoenix'
import { plain } from '@rollcall/dialects/plain'
import { socketIo } from '@rollcall/dialects/socket.io'
import { type App, allow, type RollcallOptions, rollcall } from 'rollcall'
import { z } from 'zod'

const text = z.string().min(1).max(10_000)
const talk = {
  send: { message: text },
  emit: { message: text },
  call: { echo: { input: text, output: text } },
} as const

const rooms = contract({
  'room:{room}': channel(talk),
  'here:{room}': channel({ ...talk, presence: z.object({ name: z.string() }) }),
  'log:{room}': channel({ ...talk, history: { messages: 1000 } }),
})

interface Room {
  readonly channel: { emit(event: 'message', text: string): Promise<unknown> }
}

const answers = {
  join: () => allow(),
  message: ({ channel }: Room, message: string) => channel.emit('message', message),
  echo: (_: unknown, message: string) => message,
}

/** The limits on speed out of the way: a load generator is what they protect from. */
const unlimited = { messagesPerSecond: 1e6, messageBurst: 1e6, handshakesPerSecond: 1e6, bytesPerSecond: 1e9 }

/**
 * Rollcall as its guide shows it: a contract with schemas, handlers, presence and history where a room asks for them. Only
 * the limits on speed are out of the way, unless `options` has others.
 */
export function chat(
  options: Pick<RollcallOptions, 'log' | 'broker' | 'limits' | 'trustedProxy'> = {},
): App<(typeof rooms)['channels']> {
  return rollcall(
    rooms,
    { 'room:{room}': answers, 'here:{room}': answers, 'log:{room}': answers },
    {
      limits: unlimited,
      dialects: [plain(), phoenix(), socketIo()],
      ...options,
    },
  )
}
