import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { channel, contract } from '@rollcall/core'
import { plain } from '@rollcall/dialects/plain'
import { allow, type Limits, rollcall } from 'rollcall'
import { z } from 'zod'

// A server of its own process, for attacks: prints its address, and as JSON, once a second, how it is.

const chat = contract({
  'room:{room}': channel({
    send: { message: z.string() },
    emit: { message: z.string() },
    presence: z.object({ name: z.string(), n: z.number().optional() }),
  }),
  'log:{room}': channel({ send: { message: z.string() }, emit: { message: z.string() }, history: { messages: 500 } }),
})

const limits = JSON.parse(process.env['LIMITS'] ?? '{}') as Partial<Limits>
const app = rollcall(
  chat,
  {
    'room:{room}': { join: () => allow(), message: ({ channel }, text) => channel.emit('message', text) },
    'log:{room}': { join: () => allow(), message: ({ channel }, text) => channel.emit('message', text) },
  },
  // The clients of these tests answer no pings.
  { dialects: [plain()], limits, pingMs: 3_600_000, trustedProxy: { header: 'x-forwarded-for' } },
)

const { url } = await app.listen({ port: 0 })
console.log(`listening at ${url}`)

const delay = monitorEventLoopDelay({ resolution: 5 })
delay.enable()
let cpu = process.cpuUsage()
setInterval(() => {
  const { user, system } = process.cpuUsage(cpu)
  cpu = process.cpuUsage()
  // Not `process.memoryUsage`: it opens a file.
  const { external_memory: bufferBytes } = getHeapStatistics()
  const { connections, closes, closedAsSlow } = app.stats()
  const state = { cpuMs: (user + system) / 1000, delayMs: delay.percentile(99) / 1e6, bufferBytes }
  delay.reset()
  console.log(`state ${JSON.stringify({ ...state, connections, closes, closedAsSlow })}`)
}, 1_000)
process.on('SIGTERM', () => void app.close({ timeoutMs: 200 }).then(() => process.exit(0)))
