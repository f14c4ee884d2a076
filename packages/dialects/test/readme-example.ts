import { channel, contract } from '@rollcall/core'
import { plain } from '@rollcall/dialects/plain'
import { allow, rollcall } from 'rollcall'
import { z } from 'zod'

const chat = contract({
  'room:{room}': channel({ send: { message: z.string() }, emit: { message: z.string() } }),
})

// rollcall serve app.ts, then: new WebSocket('ws://localhost:8210/plain/room:lobby')
export const app = rollcall(
  chat,
  { 'room:{room}': { join: () => allow(), message: ({ channel }, text) => channel.emit('message', text) } },
  { dialects: [plain()] },
)
