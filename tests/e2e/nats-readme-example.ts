import { channel, contract } from '@rollcall/core'
import { natsBroker, natsLog } from '@rollcall/nats'
import { allow, rollcall } from 'rollcall'
import { z } from 'zod'

const servers = process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222'
const [broker, log] = await Promise.all([natsBroker({ servers }), natsLog({ servers })])

const chat = contract({ 'room:{room}': channel({ emit: { message: z.string() }, history: { messages: 1_000 } }) })
const app = rollcall(chat, { 'room:{room}': { join: () => allow() } }, { broker, log })
const { url } = await app.listen({ port: 0 })
await app.channel('room:lobby').emit('message', `from a node at ${url}`)
await app.close()
