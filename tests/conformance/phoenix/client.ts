import { type Channel, Presence, Socket } from 'phoenix'
import { WebSocket } from 'ws'
import { until } from '../../support/until.ts'

// The official client, as it is in npm.

export type Kind = 'websocket' | 'longpoll'

export interface SocketOptions {
  readonly params?: object
  readonly authToken?: string
  readonly decode?: (raw: string, heard: (message: object) => void) => void
  readonly heartbeatIntervalMs?: number
}

/** A socket of the official client; `longpoll` is its own, over `fetch`. */
export function socketOf(url: string, kind: Kind, options: SocketOptions = {}): Socket {
  const { LongPoll } = Object.fromEntries([['LongPoll', longPollOf()]])
  const transport = kind === 'websocket' ? WebSocket : LongPoll
  const socket = new Socket(`${kind === 'websocket' ? url.replace('http', 'ws') : url}/socket`, {
    transport,
    // As its defaults, only sooner.
    reconnectAfterMs: (tries: number) => [10, 50, 100][tries - 1] ?? 200,
    rejoinAfterMs: (tries: number) => [50, 100][tries - 1] ?? 200,
    ...options,
  } as never)
  socket.connect()
  return socket
}

function longPollOf(): unknown {
  const any = new Socket('unused') as unknown as { getLongPollTransport(): unknown }
  return any.getLongPollTransport()
}

/** A channel with what it has heard. */
export class Heard {
  readonly channel: Channel
  readonly presence: Presence
  readonly messages: unknown[] = []
  readonly replies: unknown[] = []
  readonly refusals: unknown[] = []
  readonly events: string[] = []

  constructor(socket: Socket, topic: string, params: object | (() => object) = {}) {
    this.channel = socket.channel(topic, params)
    this.presence = new Presence(this.channel)
    for (const event of ['message', 'echo', 'file'])
      this.channel.on(event, (payload) => void this.messages.push(payload))
    this.channel.onClose((payload: { reason?: string } | string) => {
      this.events.push(`close ${typeof payload === 'string' ? payload : payload?.reason}`)
    })
    this.channel.onError((reason: { reason?: string } | undefined) => void this.events.push(`error ${reason?.reason}`))
    this.channel
      .join()
      .receive('ok', (response) => void this.replies.push(response))
      .receive('error', (response) => void this.refusals.push(response))
  }

  static async join(socket: Socket, topic: string, params?: object | (() => object)): Promise<Heard> {
    const heard = new Heard(socket, topic, params)
    await until(() => heard.replies.length > 0, { what: `the join of ${topic}` })
    return heard
  }

  /** Pushes, and answers the response of the reply. */
  push(event: string, payload: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.channel
        .push(event, payload as object)
        .receive('ok', resolve)
        .receive('error', (response) => reject(Object.assign(new Error('refused'), { response })))
        .receive('timeout', () => reject(new Error('timeout')))
    })
  }

  leave(): Promise<void> {
    return new Promise((resolve) => this.channel.leave().receive('ok', () => resolve()))
  }

  /** The names that its `Presence` has, by key. */
  get here(): Record<string, string[]> {
    const here: Record<string, string[]> = {}
    this.presence.list((key: string, { metas }: { metas: { name: string }[] }) => {
      here[key] = metas.map(({ name }) => name)
    })
    return here
  }
}

export function disconnect(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.disconnect(resolve))
}
