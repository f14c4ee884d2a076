import { type Ask, type ClientEffect, type ClientSessionOptions, RollcallClientSession } from '@rollcall/core'

const OPTIONS: ClientSessionOptions = {
  maxWaiting: 8,
  maxWaitingBytes: 10_000,
  maxAttempts: 3,
  backoff: { minMs: 100, maxMs: 100 },
  checkTimeoutMs: 500,
}

export const WELCOME =
  '["welcome",{"connection":"c","user":{"id":"u"},"resume":"t1","resumeMs":1000,"resumed":false,"pingMs":1000,"deadMs":100,"maxMessageBytes":2000}]'

type WithoutRef<A> = A extends unknown ? Omit<A, 'ref'> : never

/** A client session with its server played by the test: frames go in and come out as JSON. */
export class Peer {
  readonly session: RollcallClientSession
  now = 0
  /** What was done last, but for the frames. */
  told: Exclude<ClientEffect, { kind: 'write' }>[] = []
  /** The frames that were written last. */
  wrote: unknown[] = []

  constructor(options: Partial<ClientSessionOptions> = {}) {
    let ids = 0
    const random = { fraction: () => 0.5, token: () => `id${++ids}` }
    this.session = new RollcallClientSession({ ...OPTIONS, ...options }, random)
  }

  /** Takes the effects of one step; answers the frames written. */
  take(effects: readonly ClientEffect[]): unknown[] {
    this.told = []
    this.wrote = []
    for (const effect of effects) {
      if (effect.kind !== 'write') this.told.push(effect)
      else this.wrote.push(typeof effect.payload === 'string' ? JSON.parse(effect.payload) : effect.payload)
    }
    return this.wrote
  }

  open(credentials?: unknown): unknown[] {
    return this.take(this.session.open(credentials, this.now))
  }

  /** The server says a frame; its parts as JSON would have them. */
  hear(...frame: unknown[]): unknown[] {
    return this.take(this.session.receive(JSON.stringify(frame), this.now))
  }

  welcome(): unknown[] {
    return this.take(this.session.receive(WELCOME, this.now))
  }

  join(topic: string, options: Record<string, unknown> = {}): unknown[] {
    return this.take(this.session.join(topic, options, this.now))
  }

  ask(ask: WithoutRef<Ask>): number {
    const ref = this.session.nextRef()
    this.take(this.session.ask({ ...ask, ref } as Ask, this.now))
    return ref
  }

  send(payload: unknown, topic = 'a'): number {
    return this.ask({ kind: 'send', topic, event: 'm', payload, id: null })
  }

  lose(): unknown[] {
    return this.take(this.session.lost())
  }

  wait(ms: number): unknown[] {
    this.now += ms
    return this.take(this.session.tick(this.now))
  }

  /** The ref of the last frame written of a kind. */
  ref(kind: string): number {
    const frame = this.wrote.findLast((each) => Array.isArray(each) && each[0] === kind)
    return (frame as [string, number])[1]
  }

  /** A message of topic `a` arrives. */
  message(offset: number | undefined, payload: unknown = offset): unknown[] {
    return this.hear('message', 'a', 'm', payload, { at: 1, ...(offset !== undefined && { offset }) })
  }

  /** Offsets of the messages told last. */
  get offsets(): (number | null)[] {
    return this.told.flatMap((effect) => (effect.kind === 'message' ? [effect.position?.offset ?? null] : []))
  }

  get kinds(): string[] {
    return this.told.map(({ kind }) => kind)
  }
}

/** A peer that is connected, and has joined topic `a` with this result. */
export function joinedPeer(
  result: Record<string, unknown> = {},
  join: Record<string, unknown> = {},
  options: Partial<ClientSessionOptions> = {},
): Peer {
  const peer = new Peer(options)
  peer.join('a', join)
  peer.open()
  const ref = peer.ref('join')
  peer.welcome()
  peer.hear('ok', ref, { recovery: 'fresh', ...result })
  return peer
}

/** Reconnects after a loss, and answers the join of topic `a`. */
export function rejoin(peer: Peer, result: Record<string, unknown>): void {
  peer.open()
  const ref = peer.ref('join')
  peer.welcome()
  peer.hear('ok', ref, result)
}
