import { AuthorizationError, connect, type NatsConnection, type Status } from '@nats-io/transport-node'
import { backoffMs } from '@rollcall/core'
import { Link } from './link.ts'
import type { LinkSettings } from './options.ts'

/**
 * Connects, and keeps trying until `connectTimeoutMs` have passed.
 * @throws Error naming the servers if none could be reached.
 */
export async function openLink(settings: LinkSettings, name: string): Promise<Link> {
  const nc = settings.connection ?? (await dial(settings, name))
  const link = new Link(nc, settings)
  link.start()
  return link
}

async function dial(settings: LinkSettings, name: string): Promise<NatsConnection> {
  const { clock, random } = settings
  const deadline = clock.now() + settings.connectTimeoutMs
  for (let attempt = 0; ; attempt++) {
    try {
      return await connectOnce(settings, name)
    } catch (cause) {
      const waitMs = backoffMs(attempt, random, settings.reconnect)
      if (cause instanceof AuthorizationError || clock.now() + waitMs >= deadline)
        throw new Error(`Cannot connect to NATS at ${settings.servers.join(', ')}: ${reasonOf(cause)}`, { cause })
      await new Promise<void>((resolve) => void clock.after(waitMs, resolve))
    }
  }
}

async function connectOnce(settings: LinkSettings, name: string): Promise<NatsConnection> {
  const pace = new ReconnectPace(settings)
  const nc = await connect({
    name,
    timeout: 5000,
    pingInterval: 5000,
    maxPingOut: 2,
    noAsyncTraces: true,
    ...settings.connect,
    servers: settings.servers,
    noEcho: true,
    reconnect: true,
    maxReconnectAttempts: -1,
    // Credentials may be changed on one side first.
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: () => pace.delayMs(),
  })
  keepPace(nc, pace).catch(settings.report)
  return nc
}

// What the library tells goes to the pace for as long as the connection lives.
async function keepPace(nc: NatsConnection, pace: ReconnectPace): Promise<void> {
  for await (const { type } of nc.status()) pace.hear(type)
}

/**
 * The library attempts again once a delay has passed since the last attempt, so it comes back at once after a long
 * connection, all nodes together. This answers delays that are counted from the loss instead.
 */
export class ReconnectPace {
  readonly #settings: Pick<LinkSettings, 'clock' | 'random' | 'reconnect'>
  #lastAttemptAt: number
  #notBefore: number
  #attempt = 0

  constructor(settings: Pick<LinkSettings, 'clock' | 'random' | 'reconnect'>) {
    this.#settings = settings
    this.#lastAttemptAt = settings.clock.now()
    this.#notBefore = this.#lastAttemptAt
  }

  /** How long the library is to wait, counted from its last attempt. */
  delayMs(): number {
    return Math.max(1, this.#notBefore - this.#lastAttemptAt)
  }

  /** What became of the connection. */
  hear(type: Status['type']): void {
    const { clock, random, reconnect } = this.#settings
    if (type === 'reconnect') this.#attempt = 0
    if (type === 'reconnecting') this.#lastAttemptAt = clock.now()
    if (type === 'reconnecting' || type === 'disconnect')
      this.#notBefore = clock.now() + backoffMs(this.#attempt++, random, reconnect)
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
