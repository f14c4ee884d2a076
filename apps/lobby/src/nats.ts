import { setTimeout } from 'node:timers/promises'
import { natsBroker, natsLog } from '@rollcall/nats'
import type { Broker, Log } from 'rollcall'
import type { NatsPlace } from './settings.ts'

/** What joins this lobby to others. */
export interface Joined {
  readonly broker: Broker
  readonly log: Log
}

/** How long one attempt may take, and when the next one follows. */
const ATTEMPT_MS = 2_000
const PAUSE_MS = 500

/**
 * Joins the lobbies that share a NATS. Waits for NATS as long as it cannot be reached, and says so once: whoever starts all
 * at once need not care what is there first.
 * @throws Error with a sentence for who runs it, where waiting does not help.
 */
export async function joinNats({ servers, user, pass }: NatsPlace, tell: (line: string) => void): Promise<Joined> {
  const options = {
    servers,
    connect: { ...(user !== undefined && { user, pass: pass ?? '' }) },
    connectTimeoutMs: ATTEMPT_MS,
    report: (error: unknown) => tell(`NATS: ${error instanceof Error ? error.message : String(error)}`),
  }
  const broker = await patiently(() => natsBroker(options), tell)
  const log = await patiently(() => natsLog(options), tell)
  broker.onHealth((healthy) =>
    tell(healthy ? 'NATS is back' : 'NATS is away: new messages have to wait until it is back'),
  )
  return { broker, log }
}

async function patiently<T>(attempt: () => Promise<T>, tell: (line: string) => void): Promise<T> {
  for (let told = false; ; told = true) {
    try {
      return await attempt()
    } catch (error) {
      const { message, cause } = error as Error
      const { name } = (cause ?? {}) as { readonly name?: unknown }
      if (name === 'AuthorizationError') throw new Error(`${message}: ROLLCALL_NATS takes nats://user:password@host`)
      if (name === 'JetStreamNotEnabled') throw new Error(`${message}: start nats-server with -js`)
      if (error instanceof TypeError || error instanceof RangeError) throw error
      if (!told) tell(`${message}; waiting for it`)
      await setTimeout(PAUSE_MS)
    }
  }
}
