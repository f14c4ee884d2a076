// Rollcall as its guide shows it: a contract with schemas, handlers, presence and history where a room asks for them.
// Only the limits on speed are out of the way, since a load generator is what they protect from.
import { join } from 'node:path'
import { channel, contract, systemClock, systemRandom } from '@rollcall/core'
import { plain } from '@rollcall/dialects/plain'
import { socketIo } from '@rollcall/dialects/socket.io'
import { lmdbLog } from '@rollcall/lmdb'
import { allow, rollcall } from 'rollcall'
import { z } from 'zod'
import { stage } from './stage.ts'

const text = z.string().min(1).max(10_000)
const talk = {
  send: { message: text },
  emit: { message: text },
  call: { echo: { input: text, output: text } },
} as const

const chat = contract({
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

stage(async ({ history, folder }) => {
  const place = { folder: join(folder, 'log'), clock: systemClock, random: systemRandom }
  const app = rollcall(
    chat,
    { 'room:{room}': answers, 'here:{room}': answers, 'log:{room}': answers },
    {
      limits: { messagesPerSecond: 1e6, messageBurst: 1e6, handshakesPerSecond: 1e6, bytesPerSecond: 1e9 },
      dialects: [plain(), socketIo()],
      ...(history === 'lmdb' && { log: await lmdbLog(place) }),
    },
  )
  const { port } = await app.listen({ port: 0 })
  return { port, versions: { node: process.versions.node } }
})
