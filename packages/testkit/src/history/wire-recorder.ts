import {
  type ClientFrame,
  decodeClient,
  decodeJoined,
  decodeServer,
  type ErrorCode,
  type JoinOptions,
  MAX_DEPTH,
  type Payload,
  type Position,
  type Ref,
  type ServerFrame,
  type Undo,
} from '@rollcall/core'
import type { Direction } from '../network/connection.ts'
import type { Network } from '../network/network.ts'
import type { History } from './history.ts'

export interface WireRecorderOptions {
  /** The unique text in a message. Default: the payload itself, which must be a text. */
  readonly value?: (payload: unknown, event: string) => string
  /** Whether an event is volatile. */
  readonly volatile?: (topic: string, event: string) => boolean
}

/** What was seen on the wire. */
export interface WireCounts {
  /** Connections that took up a lost session. */
  resumedSessions: number
  /** Joins that were answered with everything that was missed, and with a gap. */
  recovered: number
  gaps: number
  /** Sends that were written again. */
  repeatedSends: number
}

export interface WireRecorder {
  readonly counts: Readonly<WireCounts>
  readonly stop: Undo
}

const LATER: readonly ErrorCode[] = ['rate_limited', 'unavailable']

/** A membership as the wire shows it. */
interface Watched {
  readonly who: string
  position: Position | null
}

/**
 * Records what servers say to clients, each connection's membership as one of its own: the client, which lets go of what
 * comes twice or too late, cannot cover for the server here. For clients of Rollcall's own protocol.
 */
export function recordWire(history: History, network: Network, options: WireRecorderOptions = {}): WireRecorder {
  const connections = new Map<number, WireConnection>()
  const counts = { resumedSessions: 0, recovered: 0, gaps: 0, repeatedSends: 0 }
  const sends = new Set<string>()
  const unobserve = network.observe((event) => {
    const known = connections.get(event.connection)
    if (event.kind === 'ended') {
      known?.end()
      connections.delete(event.connection)
    } else if (event.kind === 'message') {
      const connection =
        known ?? new WireConnection(history, `wire:${event.client}/${event.connection}`, options, counts, sends)
      connections.set(event.connection, connection)
      connection.take(event.direction, event.payload)
    }
  })
  return {
    counts,
    stop: () => {
      unobserve()
      for (const connection of connections.values()) connection.end()
    },
  }
}

class WireConnection {
  readonly #history: History
  readonly #name: string
  readonly #options: WireRecorderOptions
  readonly #joins = new Map<Ref, { readonly topic: string; readonly options: JoinOptions }>()
  readonly #leaves = new Map<Ref, string>()
  readonly #sent = new Map<Ref, { readonly topic: string; readonly value: string }>()
  readonly #watched = new Map<string, Watched>()
  /** The latest membership of each topic, over or not: what still comes for it belongs to it. */
  readonly #latest = new Map<string, string>()
  readonly #counts: WireCounts
  readonly #sends: Set<string>
  #memberships = 0

  constructor(history: History, name: string, options: WireRecorderOptions, counts: WireCounts, sends: Set<string>) {
    this.#history = history
    this.#name = name
    this.#options = options
    this.#counts = counts
    this.#sends = sends
  }

  take(direction: Direction, payload: Payload): void {
    if (direction === 'up') {
      const frame = decodeClient(payload, MAX_DEPTH)
      if (frame.kind !== 'fault') this.#asked(frame)
      return
    }
    const frame = decodeServer(payload)
    if (frame.kind !== 'fault') this.#told(frame)
  }

  #asked(frame: ClientFrame): void {
    if (frame.kind === 'join') this.#joins.set(frame.ref, frame)
    else if (frame.kind === 'leave') this.#leaves.set(frame.ref, frame.topic)
    else if (frame.kind === 'send' && frame.id !== null) {
      if (this.#sends.has(frame.id)) {
        this.#counts.repeatedSends++
        const { value = String } = this.#options
        this.#sent.set(frame.ref, { topic: frame.topic, value: value(frame.payload, frame.event) })
      } else this.#sends.add(frame.id)
    }
  }

  #told(frame: ServerFrame): void {
    switch (frame.kind) {
      case 'welcome':
        if (frame.resumed) this.#counts.resumedSessions++
        return
      case 'ok':
      case 'error': {
        const left = this.#leaves.get(frame.ref)
        const join = this.#joins.get(frame.ref)
        this.#leaves.delete(frame.ref)
        this.#joins.delete(frame.ref)
        const repeated = this.#sent.get(frame.ref)
        if (repeated && frame.kind === 'error' && LATER.includes(frame.refusal.code))
          this.#history.add({ kind: 'postponed', ...repeated })
        if (left !== undefined) this.#end(left, 'left')
        if (join && frame.kind === 'ok') this.#join(join.topic, join.options, frame.result)
        return
      }
      case 'message': {
        const { topic, event, payload, stamp } = frame
        const watched = this.#watched.get(topic)
        const { value = String, volatile } = this.#options
        const epoch = watched?.position?.epoch ?? ''
        const mark = volatile?.(topic, event) ? { volatile: true } : {}
        this.#history.add({
          kind: 'deliver',
          who: watched?.who ?? this.#latest.get(topic) ?? `${this.#name}/${topic}`,
          topic,
          value: value(payload, event),
          position: stamp.offset === undefined ? null : { epoch, offset: stamp.offset },
          ...mark,
        })
        return
      }
      case 'gap': {
        const { topic, reason, position } = frame
        const watched = this.#watched.get(topic)
        if (!watched) return
        watched.position = position
        this.#history.add({ kind: 'gap', who: watched.who, topic, reason, position })
        return
      }
      case 'left':
        this.#end(frame.topic, 'left')
        return
      default:
    }
  }

  // A join of what is joined already begins anew from another position: a new membership, as far as order goes.
  #join(topic: string, options: JoinOptions, result: unknown): void {
    const { position, recovery } = decodeJoined(result)
    this.#end(topic, 'left')
    const who = `${this.#name}/${topic}/${++this.#memberships}`
    if (recovery === 'recovered') this.#counts.recovered++
    if (typeof recovery === 'object') this.#counts.gaps++
    const after = recovery === 'recovered' && options.position ? options.position : position
    this.#watched.set(topic, { who, position })
    this.#latest.set(topic, who)
    const last = position && recovery === 'fresh' && options.position === undefined ? options.last : undefined
    this.#history.add({ kind: 'joined', who, topic, after, ...(last !== undefined && { last }) })
  }

  #end(topic: string, kind: 'left' | 'lost'): void {
    const watched = this.#watched.get(topic)
    this.#watched.delete(topic)
    if (watched) this.#history.add({ kind, who: watched.who, topic })
  }

  /** The connection is gone, and all its memberships with it. */
  end(): void {
    for (const topic of [...this.#watched.keys()]) this.#end(topic, 'lost')
  }
}
