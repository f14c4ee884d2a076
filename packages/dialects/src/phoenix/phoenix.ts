import type { Contract } from '@rollcall/core'
import type { Dialect } from 'rollcall'
import type { Open } from './connect.ts'
import { type LongPollOptions, longPollRoute } from './long-poll.ts'
import { type Format, phoenixSerializer, type Serializer } from './serializer.ts'
import { PhoenixSession } from './session.ts'
import type { SilenceOptions } from './silence.ts'
import { webSocketRoute } from './web-socket.ts'

export interface PhoenixOptions {
  /** What `authenticate` and the metrics call it: needed where it is mounted twice. Default `phoenix`. */
  readonly name?: string
  /** The endpoint that clients are given; `/websocket` and `/longpoll` are below it. Default `/socket`. */
  readonly path?: string
  /** Channels of one client; the server's own limit holds, too. Default 100. */
  readonly maxChannels?: number
  /** A message of a client, in bytes. Default: the server's limit. */
  readonly maxFrameBytes?: number
  /** A WebSocket on which a client sends nothing for this long is closed, in milliseconds. Default 60,000. */
  readonly idleMs?: number
  /** A WebSocket ping after this much silence, in milliseconds. Default 25,000. */
  readonly pingMs?: number
  /** A WebSocket that does not answer it is dead after this, in milliseconds. Default 8,000. */
  readonly deadMs?: number
  /** Clients without WebSockets. `false`: there is no such thing here. */
  readonly longPoll?: LongPollOptions | false
}

/**
 * Clients of Phoenix channels, protocol 1 and 2, over WebSocket and long poll: `new Socket('/socket')`. A topic is a topic,
 * a push is a send or a call, presence is what `Presence` of the official client keeps.
 * @throws TypeError or RangeError on an option that cannot work, naming it; on mounting, if the contract has an event that
 * would be taken for one of the protocol's own.
 */
export function phoenix(options: PhoenixOptions = {}): Dialect {
  const { name = 'phoenix', maxChannels = 100, longPoll = {} } = options
  const path = checkedPath(options.path ?? '/socket')
  const times: SilenceOptions = {
    idleMs: options.idleMs ?? 60_000,
    pingMs: options.pingMs ?? 25_000,
    deadMs: options.deadMs ?? 8_000,
  }
  const polling = longPoll && toPolling(longPoll)
  checkPositive('', { ...times, maxChannels, maxFrameBytes: options.maxFrameBytes ?? 1 })
  if (polling) checkPositive('longPoll.', { ...polling })
  return {
    name,
    mount(host) {
      checkEvents(host.contract)
      const { contract, random, clock, limits } = host
      const maxMessageBytes = options.maxFrameBytes ?? limits.messageBytes
      const serializerOf = serializers(limits.messageDepth)
      // How a client is spoken to is the same for all of one format.
      const open =
        (binary: boolean, silence: SilenceOptions): Open =>
        ({ format, credentials }, transport, handshake, visitor) => {
          const serializer = serializerOf({ ...format, binary: binary && format.version === 2 })
          const session = new PhoenixSession(
            { serializer, contract, credentials, maxChannels, ...silence },
            random,
            clock.now(),
          )
          return host.accept(transport, session, handshake, visitor)
        }
      const routes = [webSocketRoute(`${path}/websocket`, host, maxMessageBytes, open(true, times))]
      if (polling)
        // Who polls, lives; the transport finds out who does not.
        routes.push(longPollRoute(`${path}/longpoll`, host, { ...polling, maxMessageBytes }, open(false, FOR_EVER)))
      return routes
    },
  }
}

const FOR_EVER: SilenceOptions = {
  idleMs: Number.POSITIVE_INFINITY,
  pingMs: Number.POSITIVE_INFINITY,
  deadMs: Number.POSITIVE_INFINITY,
}

function toPolling({
  windowMs = 10_000,
  idleMs = windowMs * 1.5,
  maxBodyBytes = 1_048_576,
}: LongPollOptions): Required<LongPollOptions> {
  return { windowMs, idleMs, maxBodyBytes }
}

function serializers(maxDepth: number): (format: Format) => Serializer {
  const known = new Map<string, Serializer>()
  return (format) => {
    const name = JSON.stringify([format.version, format.binary, format.stamped])
    const serializer = known.get(name) ?? phoenixSerializer(format, maxDepth)
    known.set(name, serializer)
    return serializer
  }
}

function checkedPath(path: string): string {
  if (!/^(\/[^/?#]+)+\/?$/.test(path)) throw new TypeError(`phoenix: path "${path}" must be like /socket`)
  return path.endsWith('/') ? path.slice(0, -1) : path
}

function checkPositive(where: string, options: Readonly<Record<string, number>>): void {
  for (const [option, value] of Object.entries(options))
    if (!(value > 0)) throw new RangeError(`phoenix: ${where}${option} must be above 0`)
}

function checkEvents({ channels }: Contract): void {
  for (const [pattern, spec] of Object.entries(channels))
    for (const event of Object.keys(spec.emit ?? {}))
      if (event.startsWith('phx_'))
        throw new TypeError(
          `phoenix: its clients take "${event}" of "${pattern}" for a word of the protocol: rename it`,
        )
}
