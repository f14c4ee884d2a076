import { type Clock, systemClock, type Undo } from '@rollcall/core'
import {
  type BrokerListener,
  type BrokerResponder,
  BrokerTimeout,
  NobodyThere,
  ResponderFailed,
  type ServiceBroker,
} from './broker.ts'

/** Something on its way between two nodes of a bus: `arrive` delivers it. Not calling it is loss, calling it late is delay. */
export interface Passage {
  readonly kind: 'message' | 'question' | 'answer'
  readonly from: string
  readonly to: string
  readonly subject: string
  readonly byteLength: number
  arrive(): void
}

export interface MemoryBusOptions {
  /** Default: the system clock. */
  readonly clock?: Clock
  /** Where everything passes that goes between nodes. Default: it arrives at the end of the turn, in order. */
  readonly deliver?: (passage: Passage) => void
  /** Hears what listeners and responders throw. Default: nobody. */
  readonly report?: (error: unknown) => void
}

/** Joins the nodes of one process, for tests and simulations. */
export interface MemoryBus {
  /**
   * The broker of a new node.
   * @throws Error if the bus has a node of this id that is not closed.
   */
  broker(node: string): ServiceBroker
  /** The ids of the nodes that are not closed. */
  nodes(): string[]
}

interface Exchange {
  readonly clock: Clock
  readonly nodes: Map<string, MemoryBroker>
  readonly pass: (passage: Passage) => void
  readonly report: (error: unknown) => void
}

/** Makes a bus without nodes. */
export function memoryBus(options: MemoryBusOptions = {}): MemoryBus {
  const clock = options.clock ?? systemClock
  const exchange: Exchange = {
    clock,
    nodes: new Map(),
    pass: options.deliver ?? ((passage) => void clock.soon(() => passage.arrive())),
    report: options.report ?? (() => {}),
  }
  return {
    broker(node) {
      if (exchange.nodes.has(node)) throw new Error(`The bus has a node "${node}" already`)
      const broker = new MemoryBroker(node, exchange)
      exchange.nodes.set(node, broker)
      return broker
    },
    nodes: () => [...exchange.nodes.keys()],
  }
}

/** The broker of a program that is one node: nobody else hears or asks. Always healthy. */
export function noBroker(options: MemoryBusOptions = {}): ServiceBroker {
  return memoryBus(options).broker('here')
}

/** What a question came to. */
type Verdict = { readonly bytes: Uint8Array } | { readonly error: Error }

class MemoryBroker implements ServiceBroker {
  readonly healthy = true
  readonly node: string
  readonly #exchange: Exchange
  readonly #listeners = new Map<string, Set<{ readonly listener: BrokerListener }>>()
  readonly #responders = new Map<string, BrokerResponder>()
  readonly #providers = new Map<string, { readonly responder: BrokerResponder }[]>()
  #turn = 0
  #closed = false

  constructor(node: string, exchange: Exchange) {
    this.node = node
    this.#exchange = exchange
  }

  publish(subject: string, bytes: Uint8Array): void {
    if (this.#closed) return
    for (const [to, node] of this.#exchange.nodes) {
      if (node === this || !node.#listeners.has(subject)) continue
      const arrive = () => node.#hear(subject, bytes, this.node)
      this.#exchange.pass({ kind: 'message', from: this.node, to, subject, byteLength: bytes.byteLength, arrive })
    }
  }

  subscribe(subject: string, listener: BrokerListener): Undo {
    this.#demandOpen('subscribe')
    const listeners = this.#listeners.get(subject) ?? new Set()
    const entry = { listener }
    this.#listeners.set(subject, listeners.add(entry))
    return () => {
      listeners.delete(entry)
      if (listeners.size === 0 && this.#listeners.get(subject) === listeners) this.#listeners.delete(subject)
    }
  }

  ask(node: string, subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return this.#question(node, subject, bytes, timeoutMs, (target) => target.#responders.get(subject))
  }

  respond(subject: string, responder: BrokerResponder): Undo {
    this.#demandOpen('respond')
    if (this.#responders.has(subject)) throw new Error(`"${subject}" has a responder on this node already`)
    this.#responders.set(subject, responder)
    return () => {
      if (this.#responders.get(subject) === responder) this.#responders.delete(subject)
    }
  }

  provide(service: string, responder: BrokerResponder): Undo {
    this.#demandOpen('provide')
    const entry = { responder }
    this.#providers.set(service, [...(this.#providers.get(service) ?? []), entry])
    return () => {
      const left = (this.#providers.get(service) ?? []).filter((other) => other !== entry)
      if (left.length > 0) this.#providers.set(service, left)
      else this.#providers.delete(service)
    }
  }

  request(service: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const others = [...this.#exchange.nodes].filter(([, node]) => node.#providers.has(service)).map(([id]) => id)
    const to = this.#providers.has(service) ? this.node : others[this.#turn++ % Math.max(1, others.length)]
    return this.#question(to ?? '', service, bytes, timeoutMs, (target) => {
      const providers = target.#providers.get(service) ?? []
      return providers[target.#turn++ % Math.max(1, providers.length)]?.responder
    })
  }

  onHealth(): Undo {
    return () => {}
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#exchange.nodes.delete(this.node)
    this.#listeners.clear()
    this.#responders.clear()
    this.#providers.clear()
  }

  #demandOpen(verb: string): void {
    if (this.#closed) throw new Error(`Cannot ${verb}: the broker is closed`)
  }

  #hear(subject: string, bytes: Uint8Array, from: string): void {
    // A copy of the set, as a listener may subscribe or unsubscribe; `has`, as unsubscribing stops at once.
    const listeners = this.#listeners.get(subject)
    for (const entry of [...(listeners ?? [])]) {
      if (!listeners?.has(entry)) continue
      try {
        entry.listener(bytes, from)
      } catch (error) {
        this.#exchange.report(error)
      }
    }
  }

  #question(
    to: string,
    subject: string,
    bytes: Uint8Array,
    timeoutMs: number,
    find: (target: MemoryBroker) => BrokerResponder | undefined,
  ): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const { clock, nodes } = this.#exchange
      const target = this.#closed ? undefined : nodes.get(to)
      if (!target) {
        clock.soon(() => reject(new NobodyThere(`Nobody answers "${subject}" on node "${to}"`)))
        return
      }
      const stopWaiting = clock.after(timeoutMs, () =>
        reject(new BrokerTimeout(`Node "${to}" did not answer "${subject}" within ${timeoutMs} ms`)),
      )
      const settle = (verdict: Verdict) => {
        stopWaiting()
        if ('bytes' in verdict) resolve(verdict.bytes)
        else reject(verdict.error)
      }
      this.#pass('question', to, subject, bytes.byteLength, async () => {
        const verdict = await target.#answer(subject, find(target), bytes, this.node)
        const byteLength = 'bytes' in verdict ? verdict.bytes.byteLength : 0
        target.#pass('answer', this.node, subject, byteLength, () => settle(verdict))
      })
    })
  }

  async #answer(
    subject: string,
    responder: BrokerResponder | undefined,
    bytes: Uint8Array,
    from: string,
  ): Promise<Verdict> {
    if (!responder) return { error: new NobodyThere(`Nobody answers "${subject}" on node "${this.node}"`) }
    try {
      return { bytes: await responder(bytes, from) }
    } catch (error) {
      this.#exchange.report(error)
      return { error: new ResponderFailed(`The answer to "${subject}" failed on node "${this.node}"`) }
    }
  }

  #pass(kind: 'question' | 'answer', to: string, subject: string, byteLength: number, arrive: () => void): void {
    const passage: Passage = { kind, from: this.node, to, subject, byteLength, arrive }
    // What a node asks itself is no traffic, so no fault can befall it.
    if (to === this.node) this.#exchange.clock.soon(arrive)
    else this.#exchange.pass(passage)
  }
}
