import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import { systemClock, systemRandom } from '@rollcall/core'
import { phoenix } from '@rollcall/dialects/phoenix'
import { plain } from '@rollcall/dialects/plain'
import { socketIo } from '@rollcall/dialects/socket.io'
import { FolderError, lmdbLog } from '@rollcall/lmdb'
import { type Log, rollcall } from 'rollcall'
import { lobby } from './contract.ts'
import { handlers } from './handlers.ts'
import { identify } from './identity.ts'
import { joinNats } from './nats.ts'
import { settings } from './settings.ts'
import { web } from './web.ts'

const home = join(import.meta.dirname, '..')
const pages = join(home, 'dist/web')

/** Ends with one sentence where a sentence says it all. */
function fail(message: string): never {
  console.error(message)
  process.exit(1)
}

function report(what: string, error: unknown): void {
  console.error(`${what}:`, error)
}

const { port, host, folder, token, nats } = (() => {
  try {
    return settings(process.env, home)
  } catch (error) {
    return fail((error as Error).message)
  }
})()

if (!existsSync(join(pages, 'index.html'))) fail('The page is not built: npm run build')

const server = createAdaptorServer({
  fetch: web(pages).fetch,
  serverOptions: { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000 },
}) as Server
// The port first: whoever starts a second lobby is to be told that, not that the folder is in use.
try {
  server.listen({ port, host, backlog: 4_096 })
  await once(server, 'listening')
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') fail(`Port ${port} is taken: stop what runs there, or set PORT to another one`)
  if (code === 'EACCES') fail(`Port ${port} is not for this user: set PORT to one above 1023`)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') fail(`HOST ${host} is no interface of this machine`)
  fail(`The lobby cannot listen on ${host}:${port}: ${message}`)
}

/** Messages are kept in a folder of this machine. */
async function alone(): Promise<{ readonly log: Log }> {
  try {
    const log = await lmdbLog({
      folder,
      clock: systemClock,
      random: systemRandom,
      report: (error) => report('The log', error),
    })
    return { log }
  } catch (error) {
    if (error instanceof FolderError) fail(error.message)
    return fail(`The messages cannot be kept in ${folder}: ${(error as Error).message}`)
  }
}

const kept = nats ? await joinNats(nats, console.error).catch((error: Error) => fail(error.message)) : await alone()

const app = rollcall(lobby, handlers, {
  authenticate: identify,
  // Each at the paths that its clients use by themselves.
  dialects: [plain(), phoenix(), socketIo({ defaultTopic: 'room:lobby', allowEIO3: true })],
  ...kept,
  onError: report,
  ...(token && { api: { token } }),
})

app.attach(server)

const bound = (server.address() as AddressInfo).port
const shown = ['127.0.0.1', '0.0.0.0', '::', '::1'].includes(host) ? 'localhost' : host
console.log(`Rollcall lobby: http://${shown.includes(':') ? `[${shown}]` : shown}:${bound}`)

let stopping = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    // The second time somebody is tired of waiting.
    if (stopping) process.exit(1)
    stopping = true
    void stop()
  })

/** Tells everybody to come back, and ends when all is written. */
async function stop(): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  await app.close()
  // Goodbyes are answered within moments; who does not answer is not waited for.
  setTimeout(() => process.exit(0), 2_000).unref()
  await closed
}
