// One node of several: `NATS` says where the others meet. Prints its port and id, and ends in good order on SIGTERM.
import { phoenix } from '@rollcall/dialects/phoenix'
import { socketIo } from '@rollcall/dialects/socket.io'
import { natsBroker, natsLog } from '@rollcall/nats'
import { rollcall } from 'rollcall'
import { application, handlers } from './application.ts'

const { NATS: servers = '', API_TOKEN: token = '' } = process.env
const report = (what: string, error: unknown) => process.stderr.write(`${what}: ${error}\n`)
const options = { servers, report: (error: unknown) => report('NATS', error) }
const [broker, log] = await Promise.all([natsBroker(options), natsLog(options)])
broker.onHealth((healthy) => process.stdout.write(`${healthy ? 'healthy' : 'away'}\n`))

const app = rollcall(application, handlers, {
  authenticate: ({ credentials }) => ({ id: String((credentials as { user?: unknown } | null)?.user) }),
  // Polls that were given up are found out soon, so that suites need not wait for it.
  dialects: [phoenix({ longPoll: { windowMs: 2_000 } }), socketIo({ pingInterval: 3_000, pingTimeout: 2_000 })],
  api: { token },
  broker,
  log,
  onError: report,
})

process.once('SIGTERM', () => void app.close({ unreadyMs: 200 }).then(() => process.exit(0)))
const { port } = await app.listen({ port: 0 })
process.stdout.write(`listening on ${port} as ${broker.node}\n`)
