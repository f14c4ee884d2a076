import { channel, contract } from '@rollcall/core'
import { plain } from '@rollcall/dialects/plain'
import { type App, allow, type Limits, type RollcallOptions, rollcall } from 'rollcall'
import { z } from 'zod'
import type { EchoEndpoint } from './judge.ts'

const echoing = contract({
  'echo:{connection}': channel({ send: { message: z.unknown() }, emit: { message: z.unknown() } }),
})

/** Limits that no case reaches. What the defaults say of them is in `limits.test.ts`. */
const WIDE: Partial<Limits> = {
  messageBytes: 32 * 1024 * 1024,
  messageFragments: 100_000,
  framePieces: 100_000,
  outboxBytes: 64 * 1024 * 1024,
  messagesPerSecond: 1e9,
  messageBurst: 1e9,
  bytesPerSecond: 1e9,
  controlFramesPerSecond: 1e9,
  controlFrameBurst: 1e9,
}

/** A listening Rollcall with a topic for each connection, which gets back what it sends. */
export interface EchoServer extends EchoEndpoint {
  readonly app: App
  readonly url: string
  close(): Promise<void>
}

export async function echoServer(limits: Partial<Limits> = WIDE, options: RollcallOptions = {}): Promise<EchoServer> {
  const app = rollcall(
    echoing,
    {
      'echo:{connection}': {
        join: () => allow(),
        message: ({ channel }, payload) => channel.emit('message', payload),
      },
    },
    { dialects: [plain()], limits, ...options },
  )
  const { url } = await app.listen({ port: 0 })
  let connections = 0
  return {
    app: app as unknown as App,
    url,
    address: () => `${url}/plain/echo:${++connections}`,
    close: () => app.close({ timeoutMs: 500 }),
  }
}
