import { CloseCode, type Payload, type Refusal } from '@rollcall/core'
import type { Dialect, Route, Transport, TransportListener } from 'rollcall'
import { clipReason } from './closing.ts'
import { plainCodec } from './codec.ts'
import { PlainSession } from './session.ts'
import { readVisit } from './visit.ts'

export interface PlainOptions {
  /** What `authenticate` and the metrics call it: needed where it is mounted twice. Default `plain`. */
  readonly name?: string
  /** Where clients connect; the topic follows, as in `/plain/room:lobby`. Default `/plain`. */
  readonly path?: string
  /** The one event that clients send and get. Default `message`. */
  readonly event?: string
  /**
   * `text`: a text frame is the payload itself, and payloads that are no text come as JSON. `json`: every text frame is
   * JSON, both ways. Bytes are binary frames in either. Default `text`.
   */
  readonly format?: 'text' | 'json'
  /**
   * Makes the frame that tells a client of a message that was refused; null tells it nothing. Default: the connection is
   * closed with the reason, since a client cannot tell such a frame from a message.
   */
  readonly refusal?: (refusal: Refusal) => Payload | null
  /** A WebSocket ping after this much silence, in milliseconds. Default 25,000. */
  readonly pingMs?: number
  /** A connection that does not answer it is dead after this, in milliseconds. Default 8,000. */
  readonly deadMs?: number
}

/**
 * Any WebSocket client of any language: `ws://host/plain/room:lobby?name=Tyr`. One connection is in one topic; each frame
 * it sends is a message, each message comes as a frame.
 * @throws TypeError or RangeError on an option that cannot work, naming it.
 */
export function plain(options: PlainOptions = {}): Dialect {
  const { name = 'plain', event = 'message', format = 'text', refusal = null } = options
  const path = checkedPath(options.path ?? '/plain')
  const times = { pingMs: options.pingMs ?? 25_000, deadMs: options.deadMs ?? 8_000 }
  for (const [option, ms] of Object.entries(times))
    if (!(ms > 0)) throw new RangeError(`plain: ${option} must be above 0`)
  if (event.length === 0 || event.length > 255)
    throw new RangeError('plain: event must be a text of 1 to 255 characters')
  return {
    name,
    mount({ limits, random, clock, accept }) {
      const codec = plainCodec(event, format, limits.messageDepth)
      const route: Route = {
        path,
        upgrade(handshake) {
          const visit = readVisit(handshake.url, path, limits.messageDepth)
          // Browsers tell a page nothing of a refused handshake: accept, and say it with a close code.
          if ('fault' in visit) return { open: (transport) => turnAway(transport, visit.fault) }
          return {
            open: (transport) => {
              const session = new PlainSession({ visit, codec, refusal, ...times }, random, clock.now())
              return accept(transport, session, handshake)
            },
          }
        },
      }
      return [route]
    },
  }
}

function checkedPath(path: string): string {
  if (!/^(\/[^/?#]+)+\/?$/.test(path)) throw new TypeError(`plain: path "${path}" must be like /plain`)
  return path.endsWith('/') ? path.slice(0, -1) : path
}

function turnAway(transport: Transport, reason: string): TransportListener {
  transport.close(CloseCode.badFrame, clipReason(reason))
  return { received() {}, drained() {}, closed() {} }
}
