import { type Payload, type Random, toUtf8, type Undo } from '@rollcall/core'
import type { TransportListener } from 'rollcall'
import type { HostClock } from '../time/host-clock.ts'
import { ClientSocket } from './client-socket.ts'
import type { Conditions } from './conditions.ts'
import { type Item, Pipe } from './pipe.ts'
import { ServerTransport } from './server-transport.ts'

/** How long an end waits for the other's goodbye. */
const GOODBYE_MS = 5_000

export type Direction = 'up' | 'down'

export interface ConnectionOptions {
  readonly client: HostClock
  /** The machine that is dialled. */
  readonly node: HostClock
  readonly random: Random
  conditions(direction: Direction): Conditions
  /** The dial has arrived: takes the connection in, or answers null to refuse it. */
  accept(transport: ServerTransport): TransportListener | null
  /** A payload left the client, or reached it. */
  passed(direction: Direction, payload: Payload): void
  /** The client has closed its end, or learnt that it is closed. */
  ended(): void
  /** The node has closed its end, or learnt that it is closed. */
  dropped(): void
  /** Neither end holds it any more. */
  gone(): void
}

/** A connection between a client and a node: two pipes with their two ends. */
export class Connection {
  readonly socket: ClientSocket
  readonly transport: ServerTransport
  readonly #options: ConnectionOptions
  readonly #up: Pipe
  readonly #down: Pipe
  #clientOpen = true
  #serverOpen = false
  #dialled = false
  #ended = false
  #dropped = false

  constructor(options: ConnectionOptions) {
    const { client, node, random } = options
    this.#options = options
    this.#up = new Pipe(() => options.conditions('up'), random, {
      sender: client,
      receiver: node,
      read: (item) => this.#atServer(item),
      drained: () => {},
    })
    this.#down = new Pipe(() => options.conditions('down'), random, {
      sender: node,
      receiver: client,
      read: (item) => this.#atClient(item),
      drained: () => this.transport.drained(),
    })
    this.socket = new ClientSocket({
      send: (payload) => {
        options.passed('up', payload)
        this.#up.send(item(typeof payload === 'string' ? payload : payload.slice()))
      },
      close: (code, reason) => {
        this.#clientEnded()
        this.#up.send({ kind: 'close', code, reason })
        client.after(GOODBYE_MS, () => this.#endClient(1006, ''))
      },
    })
    this.transport = new ServerTransport(this.#serverEnd())
  }

  #serverEnd(): ConstructorParameters<typeof ServerTransport>[0] {
    const down = this.#down
    return {
      get bufferedBytes() {
        return down.bufferedBytes
      },
      send: (payload, bytes) => down.send({ kind: 'payload', payload, bytes }),
      // Below the messages: a peer that is read from answers by itself.
      ping: () => this.#options.node.soon(() => this.transport.alive()),
      close: (code, reason) => {
        this.#serverEnded()
        down.send({ kind: 'close', code, reason })
        this.#options.node.after(GOODBYE_MS, () => this.transport.destroy())
      },
      destroy: () => {
        down.reset()
        this.#endServer(1006, '')
      },
      pause: (paused) => this.#up.pause(paused),
    }
  }

  /** Asks the node for the connection. */
  dial(): void {
    this.#up.send({ kind: 'open' })
  }

  /** Whether it was accepted, and at least one end still holds it. */
  get alive(): boolean {
    return this.#dialled && (this.#clientOpen || this.#serverOpen)
  }

  #atServer(item: Item): void {
    if (item.kind === 'open') this.#accept()
    else if (!this.#serverOpen) return
    else if (item.kind === 'payload') this.transport.received(item.payload)
    else if (item.kind === 'reset') this.#endServer(1006, '')
    else {
      this.#down.send({ kind: 'close', code: item.code, reason: item.reason })
      this.#endServer(item.code, item.reason)
    }
  }

  #accept(): void {
    // First of all, since a server may speak while it accepts.
    this.#down.send({ kind: 'open' })
    const listener = this.#options.accept(this.transport)
    if (!listener) {
      this.#down.reset()
      return
    }
    this.#dialled = true
    this.#serverOpen = true
    this.transport.listen(listener)
  }

  #atClient(item: Item): void {
    if (item.kind === 'open') this.socket.opened()
    else if (item.kind === 'payload') {
      if (!this.#ended) this.#options.passed('down', item.payload)
      this.socket.received(item.payload)
    } else if (item.kind === 'reset') this.#endClient(1006, '')
    else {
      this.#up.send({ kind: 'close', code: item.code, reason: item.reason })
      this.#endClient(item.code, item.reason)
    }
  }

  #endClient(code: number, reason: string): void {
    if (!this.#clientOpen) return
    this.#clientOpen = false
    this.#clientEnded()
    this.socket.ended(code, reason)
    if (!this.#serverOpen) this.#options.gone()
  }

  #clientEnded(): void {
    if (!this.#ended) this.#options.ended()
    this.#ended = true
  }

  #serverEnded(): void {
    if (!this.#dropped) this.#options.dropped()
    this.#dropped = true
  }

  #endServer(code: number, reason: string): void {
    if (!this.#serverOpen) return
    this.#serverOpen = false
    this.#serverEnded()
    this.transport.closed(code, reason)
    if (!this.#clientOpen) this.#options.gone()
  }

  // Faults

  /** Breaks it: what is on its way is lost, and both ends learn of it as soon as word can reach them. */
  cut(): void {
    this.#up.reset()
    this.#down.reset()
  }

  /** Breaks it so that only one side learns of it, or none: the believers go on as if it were there. */
  halfOpen(believes: 'client' | 'server' | 'both'): void {
    this.#up.end()
    this.#down.end()
    const { client, node } = this.#options
    if (believes === 'server') client.soon(() => this.#endClient(1006, ''))
    if (believes === 'client') node.soon(() => this.#endServer(1006, ''))
  }

  /** Nothing arrives in these directions until undone. */
  stall(directions: readonly Direction[]): Undo {
    const undos = directions.map((direction) => (direction === 'up' ? this.#up : this.#down).stall())
    return () => {
      for (const undo of undos) undo()
    }
  }

  /** The node is dead. With `silent`, the client is not told, as when the whole machine is gone. */
  nodeGone(how: 'reset' | 'silent'): void {
    this.#serverOpen = false
    this.#serverEnded()
    this.transport.forget()
    this.#up.end()
    if (how === 'reset') this.#down.reset()
    else this.#down.end()
    if (!this.#clientOpen) this.#options.gone()
  }

  /** The client is dead; the node is told, unless `silent`. */
  clientGone(how: 'reset' | 'silent'): void {
    this.#clientOpen = false
    this.#clientEnded()
    this.#down.end()
    if (how === 'reset') this.#up.reset()
    else this.#up.end()
    if (!this.#serverOpen) this.#options.gone()
  }

  /** The conditions have changed. */
  revive(): void {
    this.#up.revive()
    this.#down.revive()
  }
}

function item(payload: Payload): Item {
  return { kind: 'payload', payload, bytes: typeof payload === 'string' ? toUtf8(payload).length : payload.length }
}
