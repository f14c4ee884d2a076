import type { Random } from '../clock.ts'
import { CloseCode } from '../close-codes.ts'
import type {
  Effect,
  HistoryPage,
  Joined,
  Notice,
  Outcome,
  Payload,
  Request,
  Session,
  Variant,
  Welcome,
} from '../dialect.ts'
import type { Position } from '../position.ts'
import type { RosterCount, RosterDiff, RosterState } from '../roster.ts'
import { decodeClient, type FrameFault } from './decode-client.ts'
import {
  encodeClosing,
  encodeError,
  encodeGap,
  encodeJoined,
  encodeLeft,
  encodeMessage,
  encodeOk,
  encodePage,
  encodePosition,
  encodePresence,
  encodeRoster,
  encodeWelcome,
  PING,
} from './encode-server.ts'
import { type ClientFrame, type JoinOptions, MAX_DEPTH, type Ref } from './frames.ts'

/** How a server speaks `rollcall.v1`. */
export interface ServerSessionOptions {
  /** A ping after this long, in milliseconds; the first one at a random point of the second half of it. Default 25,000. */
  readonly pingMs?: number
  /** The connection is dead this long after a ping without a word, in milliseconds. Default 8,000. */
  readonly deadMs?: number
  /** Told to the client, enforced by the transport. Default 65,536. */
  readonly maxMessageBytes?: number
  /** Deepest nesting of a frame. Default 64. */
  readonly maxDepth?: number
  /** Frames and bytes that may wait while the hello is being judged. Default 256 and 262,144. */
  readonly maxWaiting?: number
  readonly maxWaitingBytes?: number
}

/** The one way in which native clients are spoken to. */
export const rollcallVariant: Variant = {
  id: 'rollcall.v1',
  message: encodeMessage,
  presence: encodePresence,
  count: encodePresence,
  position: encodePosition,
}

const NOTHING: readonly Effect[] = []
const PING_EFFECTS: readonly Effect[] = [{ kind: 'write', payload: PING }]

type State =
  /** Nothing was heard yet. */
  | { readonly kind: 'silent' }
  /** The hello is being judged; what the client sent behind it waits. */
  | { readonly kind: 'greeting'; readonly waiting: Payload[]; bytes: number }
  | { readonly kind: 'open' }
  | { readonly kind: 'closed' }

const SILENT: State = { kind: 'silent' }
const OPEN: State = { kind: 'open' }
const CLOSED: State = { kind: 'closed' }

/** The server's half of `rollcall.v1`. */
export class RollcallServerSession implements Session {
  readonly #options: Required<ServerSessionOptions>
  #state: State = SILENT
  #pingAt: number
  #deadAt = Number.POSITIVE_INFINITY

  constructor(options: Required<ServerSessionOptions>, random: Random, now: number) {
    this.#options = options
    this.#pingAt = now + options.pingMs * (0.5 + random.fraction() / 2)
  }

  receive(payload: Payload, now: number): readonly Effect[] {
    // Any word shows that the peer lives.
    if (this.#deadAt !== Number.POSITIVE_INFINITY) {
      this.#deadAt = Number.POSITIVE_INFINITY
      this.#pingAt = now + this.#options.pingMs
    }
    const state = this.#state
    switch (state.kind) {
      case 'closed':
        return NOTHING
      case 'greeting':
        state.bytes += payload.length
        if (state.waiting.length >= this.#options.maxWaiting || state.bytes > this.#options.maxWaitingBytes)
          return this.#close(CloseCode.tooFast, 'too much was sent before the welcome')
        state.waiting.push(payload)
        return NOTHING
      default:
        return this.#read(payload, state.kind === 'silent')
    }
  }

  #read(payload: Payload, first: boolean): readonly Effect[] {
    const frame = decodeClient(payload, this.#options.maxDepth)
    if (frame.kind === 'fault') return this.#fault(frame, first)
    if (first !== (frame.kind === 'hello') && frame.kind !== 'pong')
      return this.#close(CloseCode.badFrame, first ? 'the first frame must be hello' : 'a second hello')
    if (frame.kind === 'ping') return [{ kind: 'write', payload: encodeOk(frame.ref, null) }]
    const request = toRequest(frame)
    if (!request) return NOTHING
    if (request.kind === 'hello') this.#state = { kind: 'greeting', waiting: [], bytes: 0 }
    return [{ kind: 'request', request }]
  }

  #fault({ reason, ref, tooDeep }: FrameFault, first: boolean): readonly Effect[] {
    if (tooDeep) return this.#close(CloseCode.tooDeep, reason)
    if (ref === null || first) return this.#close(CloseCode.badFrame, reason)
    return [{ kind: 'write', payload: encodeError(ref, { code: 'bad_request', message: reason }) }]
  }

  #close(code: number, reason: string): readonly Effect[] {
    this.#state = CLOSED
    return [{ kind: 'close', code, reason }]
  }

  answer(request: Request, outcome: Outcome, now: number): readonly Effect[] {
    if (this.#state.kind === 'closed') return NOTHING
    if (request.kind === 'hello') return this.#greet(outcome, now)
    const ref = request.ref as Ref
    if (!outcome.ok) return [{ kind: 'write', payload: encodeError(ref, outcome.refusal) }]
    return [{ kind: 'write', payload: encodeResult(request, ref, outcome.result) }]
  }

  #greet(outcome: Outcome, now: number): readonly Effect[] {
    if (this.#state.kind !== 'greeting') return NOTHING
    if (!outcome.ok) {
      const { code, message, retryAfterMs = 0 } = outcome.refusal
      if (code === 'unavailable' || code === 'rate_limited' || code === 'internal') {
        this.#state = CLOSED
        return [
          { kind: 'write', payload: encodeClosing(message, retryAfterMs, retryAfterMs) },
          { kind: 'close', code: CloseCode.overloaded, reason: message },
        ]
      }
      return this.#close(CloseCode.unauthorized, message)
    }
    const { waiting } = this.#state
    this.#state = OPEN
    const { pingMs, deadMs, maxMessageBytes } = this.#options
    const welcome = encodeWelcome(outcome.result as Welcome, { pingMs, deadMs, maxMessageBytes })
    const effects: Effect[] = [{ kind: 'write', payload: welcome }]
    for (const payload of waiting) effects.push(...this.receive(payload, now))
    return effects
  }

  notify(notice: Notice): readonly Effect[] {
    switch (notice.kind) {
      case 'left':
        return [{ kind: 'write', payload: encodeLeft(notice.alias, notice.reason) }]
      case 'gap':
        return [{ kind: 'write', payload: encodeGap(notice.alias, notice.reason, notice.position) }]
      case 'roster':
        return [{ kind: 'write', payload: encodePresence(notice.alias, notice.roster) }]
      case 'closing':
        return [{ kind: 'write', payload: encodeClosing(notice.reason, notice.retryAfterMs, notice.spreadMs) }]
    }
  }

  tick(now: number): readonly Effect[] {
    if (this.#state.kind === 'closed') return NOTHING
    if (now >= this.#deadAt) return this.#close(CloseCode.silent, 'nothing was heard in time')
    if (now < this.#pingAt) return NOTHING
    this.#pingAt = Number.POSITIVE_INFINITY
    this.#deadAt = now + this.#options.deadMs
    return PING_EFFECTS
  }
}

/** Options with their defaults. */
export function serverSessionOptions(options: ServerSessionOptions = {}): Required<ServerSessionOptions> {
  return {
    pingMs: 25_000,
    deadMs: 8_000,
    maxMessageBytes: 65_536,
    maxDepth: MAX_DEPTH,
    maxWaiting: 256,
    maxWaitingBytes: 262_144,
    ...options,
  }
}

function toRequest(frame: ClientFrame): Request | null {
  switch (frame.kind) {
    case 'ping':
    case 'pong':
      return null
    case 'hello':
      return { kind: 'hello', ref: null, credentials: frame.credentials, resume: frame.resume }
    case 'refresh':
      return frame
    case 'join':
      return toJoin(frame.ref, frame.topic, frame.options)
    case 'leave':
    case 'untrack':
      return { kind: frame.kind, ref: frame.ref, alias: frame.topic }
    case 'send':
      return {
        kind: 'send',
        ref: frame.ref,
        alias: frame.topic,
        event: frame.event,
        payload: frame.payload,
        id: frame.id,
      }
    case 'call':
      return { kind: 'call', ref: frame.ref, alias: frame.topic, name: frame.name, payload: frame.payload }
    case 'track':
      return { kind: 'track', ref: frame.ref, alias: frame.topic, meta: frame.meta }
    case 'history': {
      const { ref, topic, before, after, limit } = frame
      return { kind: 'history', ref, alias: topic, before, after, limit }
    }
    case 'roster':
      return { kind: 'roster', ref: frame.ref, alias: frame.topic, since: frame.since }
  }
}

function toJoin(ref: Ref, topic: string, { input, presence, position, last, roster }: JoinOptions): Request {
  const since = position ? { position } : last === undefined ? null : { last }
  return {
    kind: 'join',
    ref,
    topic,
    alias: topic,
    variant: rollcallVariant,
    input,
    presence,
    since,
    roster: roster ?? null,
  }
}

function encodeResult(request: Request, ref: Ref, result: unknown): Payload {
  switch (request.kind) {
    case 'join':
      return encodeJoined(ref, result as Joined)
    case 'send':
      return encodeOk(ref, result && encodeSent(result as { position: Position | null }))
    case 'roster':
      return encodeOk(ref, encodeRoster(result as RosterState | RosterDiff | RosterCount))
    case 'history':
      return encodeOk(ref, encodePage(result as HistoryPage))
    default:
      return encodeOk(ref, result)
  }
}

function encodeSent({ position }: { position: Position | null }): object {
  return position ? { position: [position.epoch, position.offset] } : {}
}
