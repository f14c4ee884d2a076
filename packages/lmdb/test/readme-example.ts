import { lmdbLog } from '@rollcall/lmdb'

// For a server: rollcall(contract, handlers, { log })
const log = await lmdbLog({ folder: './log', accepted: 'written' })

const retention = { messages: 1_000, ageMs: 86_400_000, bytes: 64 * 1024 * 1024 }
const record = { event: 'message', payload: 'hi', from: null, at: Date.now() }
const { position } = await log.append('room:lobby', record, { retention, idempotencyKey: 'made-by-the-client' })

const { messages } = await log.readAfter('room:lobby', position.offset - 1, 100)
console.log(messages.map((message) => message.payload))
await log.close()
