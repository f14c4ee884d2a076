import {
  type ClientFrame,
  decodeClient,
  decodeJoined,
  decodeServer,
  type JoinOptions,
  MAX_DEPTH,
  type Position,
  type Ref,
  type ServerFrame,
  type Undo,
} from '@rollcall/core'
import type { Network, WireEvent } from '../network/network.ts'
import type { History } from './history.ts'

export interface WireRecorderOptions {
  /** The unique text in a message. Default: the payload itself, which must be a text. */
  readonly value?: (payload: unknown, event: string) => string
  /** Whether an event is volatile. */
  readonly volatile?: (topic: string, event: string) => boolean
}

/** A membership as the wire shows it. */
interface Watched {
  readonly who: string
  position: Position | null
}

/**
 * Records what servers say to clients, each connection's membership as one of its own: the client, which lets go of what
 * comes twice or too late, cannot cover for the server here. For clients of Rollcall's own protocol.
 */
export function recordWire(history: History, network: Network, options: WireRecorderOptions = {}): Undo {
  const connections = new Map<number, WireConnection>()
  const unobserve = network.observe((event) => {
    const known = connections.get(event.connection)
    if (event.kind === 'ended') {
      known?.end()
      connections.delete(event.connection)
    } else if (known) known.take(event)
    else {
      const connection = new WireConnection(history, `wire:${event.client}/${event.connection}`, options)
      connections.set(event.connection, connection)
      connection.take(event)
    }
  })
  return () => {
    unobserve()
    for (const connection of connections.values()) connection.end()
  }
}

class WireConnection {
  readonly #history: History
  readonly #name: string
  readonly #options: WireRecorderOptions
  readonly #joins = new Map<Ref, { readonly topic: string; readonly options: JoinOptions }>()
  readonly #leaves = new Map<Ref, string>()
  readonly #watched = new Map<string, Watched>()
  /** The latest membership of each topic, over or not: what still comes for it belongs to it. */
  readonly #latest = new Map<string, string>()
  #memberships = 0

  constructor(history: History, name: string, options: WireRecorderOptions) {
    this.#history = history
    this.#name = name
    this.#options = options
  }

  take({ direction, payload }: WireEvent & { readonly kind: 'message' }): void {
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
  }

  #told(frame: ServerFrame): void {
    switch (frame.kind) {
      case 'ok':
      case 'error': {
        const left = this.#leaves.get(frame.ref)
        const join = this.#joins.get(frame.ref)
        this.#leaves.delete(frame.ref)
        this.#joins.delete(frame.ref)
        if (left !== undefined) this.#leave(left)
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
        this.#leave(frame.topic)
        return
      default:
    }
  }

  // A join of what is joined already begins anew from another position: a new membership, as far as order goes.
  #join(topic: string, options: JoinOptions, result: unknown): void {
    const { position, recovery } = decodeJoined(result)
    this.#leave(topic)
    const who = `${this.#name}/${topic}/${++this.#memberships}`
    const after = recovery === 'recovered' && options.position ? options.position : position
    this.#watched.set(topic, { who, position })
    this.#latest.set(topic, who)
    const last = recovery === 'fresh' && options.position === undefined ? options.last : undefined
    this.#history.add({ kind: 'joined', who, topic, after, ...(last !== undefined && { last }) })
  }

  #leave(topic: string): void {
    const watched = this.#watched.get(topic)
    this.#watched.delete(topic)
    if (watched) this.#history.add({ kind: 'left', who: watched.who, topic })
  }

  /** The connection is gone, and all its memberships with it. */
  end(): void {
    for (const topic of [...this.#watched.keys()]) this.#leave(topic)
  }
}
