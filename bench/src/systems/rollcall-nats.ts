// Rollcall on several nodes: broker and log on NATS.
import { natsBroker, natsLog } from '@rollcall/nats'
import { chat } from '../chat.ts'
import { startNats } from '../nodes/engine.ts'
import { nodes } from '../nodes/nodes.ts'

await nodes({
  engine: 'nats-server',
  start: startNats,
  async open(servers) {
    const [broker, log] = await Promise.all([natsBroker({ servers }), natsLog({ servers })])
    const { port } = await chat({ broker, log }).listen({ port: 0 })
    return port
  },
})
