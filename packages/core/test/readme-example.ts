import { channel, contract, volatile } from '@rollcall/core'
import { z } from 'zod'

/** What a chat's server and its pages agree on. */
export const chat = contract({
  'room:{room}': channel({
    send: { message: z.string().min(1).max(4000) }, // client to server
    emit: { message: z.string(), cursor: volatile(z.object({ x: z.number(), y: z.number() })) }, // server to clients
    call: { rename: { input: z.string(), output: z.boolean() } }, // request and reply
    presence: z.object({ name: z.string(), typing: z.boolean().optional() }), // who is here, and how
    history: { messages: 1_000, ageMs: 86_400_000 }, // kept, with positions: nothing is lost over a reconnect
  }),
})

const found = chat.match('room:lobby')
console.log(found?.params.room) // lobby
