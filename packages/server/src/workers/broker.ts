import type { Clock, Undo } from '@rollcall/core'
import {
  type BrokerListener,
  type BrokerResponder,
  BrokerTimeout,
  NobodyThere,
  ResponderFailed,
  type ServiceBroker,
} from '../broker/broker.ts'
import { type Frame, Kind, MAX_BYTES } from './frame.ts'
import type { Line } from './line.ts'

export interface WorkerBrokerOptions {
  /** This node's id: unique among the workers, and new with each start. */
  readonly node: string
  readonly clock: Clock
  /** Hears what listeners and responders throw. */
  readonly report: (error: unknown) => void
}

/** A question that waits for its answer. */
interface Waiting {
  readonly what: string
  settle(verdict: Uint8Array | Error): void
}

/** A worker's broker: everything goes over the line to the primary, whose switchboard passes it on. */
export class WorkerBroker implements ServiceBroker {
  readonly node: string
  readonly #line: Line
  readonly #clock: Clock
  readonly #report: (error: unknown) => void
  readonly #listeners = new Map<string, Set<{ readonly listener: BrokerListener }>>()
  readonly #responders = new Map<string, BrokerResponder>()
  readonly #providers = new Map<string, BrokerResponder[]>()
  readonly #questions = new Map<number, Waiting>()
  readonly #syncs = new Map<number, () => void>()
  readonly #health = new Set<(healthy: boolean) => void>()
  #peers: readonly string[] = []
  #lastId = 0
  #turn = 0
  /** Whether messages are being let go. */
  #behind = false
  #closing: Promise<void> | null = null

  constructor(line: Line, { node, clock, report }: WorkerBrokerOptions) {
    this.node = node
    this.#line = line
    this.#clock = clock
    this.#report = report
    line.send(Kind.hello, 0, '', node)
  }

  /** The ids of the other workers. */
  get peers(): readonly string[] {
    return this.#peers
  }

  get healthy(): boolean {
    return this.#line.open
  }

  onHealth(changed: (healthy: boolean) => void): Undo {
    const listener = (healthy: boolean) => changed(healthy)
    this.#health.add(listener)
    return () => void this.#health.delete(listener)
  }

  publish(subject: string, bytes: Uint8Array): void {
    if (bytes.byteLength > MAX_BYTES)
      throw new RangeError(`Cannot publish ${bytes.byteLength} bytes: workers take at most ${MAX_BYTES}`)
    if (this.#closing) return
    const behind = this.#line.full
    if (!behind) this.#line.send(Kind.message, 0, subject, this.node, bytes)
    else if (!this.#behind)
      this.#report(
        new Error('The primary does not keep up: the other workers miss messages of channels without history'),
      )
    this.#behind = behind
  }

  async subscribe(subject: string, listener: BrokerListener): Promise<Undo> {
    this.#demandOpen('subscribe')
    const entry = { listener }
    const known = this.#listeners.get(subject)
    const listeners = known ?? new Set()
    listeners.add(entry)
    if (!known) {
      this.#listeners.set(subject, listeners)
      this.#line.send(Kind.subscribe, 0, subject)
    }
    await this.#sync()
    return () => {
      if (!listeners.delete(entry) || listeners.size > 0 || this.#listeners.get(subject) !== listeners) return
      this.#listeners.delete(subject)
      this.#line.send(Kind.unsubscribe, 0, subject)
    }
  }

  ask(node: string, subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const what = `"${subject}" on node "${node}"`
    if (node === this.node) return this.#answerSelf(this.#responders.get(subject), bytes, timeoutMs, what)
    return this.#question(Kind.ask, subject, node, bytes, timeoutMs, what)
  }

  async respond(subject: string, responder: BrokerResponder): Promise<Undo> {
    this.#demandOpen('respond')
    if (this.#responders.has(subject)) throw new Error(`"${subject}" has a responder on this node already`)
    this.#responders.set(subject, responder)
    // The primary knows of this node, though it may have started a moment ago.
    await this.#sync()
    return () => {
      if (this.#responders.get(subject) === responder) this.#responders.delete(subject)
    }
  }

  async provide(service: string, responder: BrokerResponder): Promise<Undo> {
    this.#demandOpen('provide')
    // A registration of its own, even of the same function twice.
    const own: BrokerResponder = (bytes, from) => responder(bytes, from)
    const known = this.#providers.get(service)
    const providers = known ?? []
    providers.push(own)
    if (!known) {
      this.#providers.set(service, providers)
      this.#line.send(Kind.provide, 0, service)
    }
    await this.#sync()
    return () => {
      const at = providers.indexOf(own)
      if (at >= 0) providers.splice(at, 1)
      if (providers.length > 0 || this.#providers.get(service) !== providers) return
      this.#providers.delete(service)
      this.#line.send(Kind.withdraw, 0, service)
    }
  }

  request(service: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const what = `the service "${service}"`
    const own = this.#provider(service)
    if (own) return this.#answerSelf(own, bytes, timeoutMs, what)
    return this.#question(Kind.request, service, '', bytes, timeoutMs, what)
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    for (const subject of this.#listeners.keys()) this.#line.send(Kind.unsubscribe, 0, subject)
    for (const service of this.#providers.keys()) this.#line.send(Kind.withdraw, 0, service)
    this.#listeners.clear()
    this.#responders.clear()
    this.#providers.clear()
    this.#health.clear()
    // What was published before has left, too.
    await this.#sync()
  }

  #demandOpen(verb: string): void {
    if (this.#closing) throw new Error(`Cannot ${verb}: the broker is closed`)
  }

  #nextId(): number {
    this.#lastId = (this.#lastId + 1) >>> 0
    return this.#lastId
  }

  /** Resolves when all that was said before has taken effect, or the line has ended. */
  #sync(): Promise<void> {
    if (!this.#line.open) return Promise.resolve()
    return new Promise((resolve) => {
      const id = this.#nextId()
      this.#syncs.set(id, resolve)
      this.#line.send(Kind.sync, id)
    })
  }

  // What the line says

  heard(frame: Frame): void {
    const { kind, id, subject, payload } = frame
    switch (kind) {
      case Kind.message:
        this.#deliver(subject, payload, frame.node)
        break
      case Kind.sync:
        this.#syncs.get(id)?.()
        this.#syncs.delete(id)
        break
      case Kind.asked:
        void this.#respond(this.#responders.get(subject), frame)
        break
      case Kind.requested:
        void this.#respond(this.#provider(subject), frame)
        break
      case Kind.peers:
        this.#peers = JSON.parse(payload.toString()) as string[]
        break
      default:
        this.#settle(frame)
    }
  }

  ended(): void {
    for (const { what, settle } of [...this.#questions.values()])
      settle(new BrokerTimeout(`There was no answer to ${what} before the primary ended`))
    for (const resolve of this.#syncs.values()) resolve()
    this.#syncs.clear()
    for (const changed of [...this.#health]) this.#shielded(() => changed(false))
  }

  #deliver(subject: string, bytes: Uint8Array, from: string): void {
    const listeners = this.#listeners.get(subject)
    if (!listeners) return
    // A copy of the set, as a listener may subscribe or unsubscribe; `has`, as unsubscribing stops at once.
    for (const entry of listeners.size === 1 ? listeners : [...listeners])
      if (listeners.has(entry)) this.#shielded(() => entry.listener(bytes, from))
  }

  #shielded(task: () => void): void {
    try {
      task()
    } catch (error) {
      this.#report(error)
    }
  }

  #provider(service: string): BrokerResponder | undefined {
    const providers = this.#providers.get(service)
    return providers?.[this.#turn++ % Math.max(1, providers.length)]
  }

  // Never rejects.
  async #respond(responder: BrokerResponder | undefined, { id, node, payload }: Frame): Promise<void> {
    if (!responder) return this.#line.send(Kind.nobody, id)
    try {
      const answer = await responder(payload, node)
      if (answer.byteLength > MAX_BYTES) throw new RangeError(`An answer has ${answer.byteLength} bytes`)
      this.#line.send(Kind.answered, id, '', '', answer)
    } catch (error) {
      this.#report(error)
      this.#line.send(Kind.failed, id)
    }
  }

  #question(
    kind: number,
    subject: string,
    node: string,
    bytes: Uint8Array,
    timeoutMs: number,
    what: string,
  ): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (bytes.byteLength > MAX_BYTES)
        throw new RangeError(`Cannot ask with ${bytes.byteLength} bytes: workers take at most ${MAX_BYTES}`)
      if (this.#closing || !this.#line.open || this.#line.full)
        throw new NobodyThere(`Nobody answers ${what}: the primary cannot be reached`)
      const id = this.#nextId()
      this.#line.send(kind, id, subject, node, bytes)
      const undo = this.#clock.after(timeoutMs, () => {
        this.#line.send(Kind.forget, id)
        settle(late(what, timeoutMs))
      })
      const settle = (verdict: Uint8Array | Error) => {
        undo()
        this.#questions.delete(id)
        if (verdict instanceof Error) reject(verdict)
        else resolve(verdict)
      }
      this.#questions.set(id, { what, settle })
    })
  }

  #settle({ kind, id, payload }: Frame): void {
    const waiting = this.#questions.get(id)
    if (!waiting) return
    const { what, settle } = waiting
    if (kind === Kind.answered) settle(payload)
    else if (kind === Kind.nobody) settle(new NobodyThere(`Nobody answers ${what}`))
    else if (kind === Kind.failed) settle(new ResponderFailed(`The answer to ${what} failed`))
    else if (kind === Kind.lost) settle(new BrokerTimeout(`There was no answer to ${what} before its worker ended`))
  }

  // As over the line, but within this node.
  async #answerSelf(
    responder: BrokerResponder | undefined,
    bytes: Uint8Array,
    timeoutMs: number,
    what: string,
  ): Promise<Uint8Array> {
    if (!responder || this.#closing) throw new NobodyThere(`Nobody answers ${what}`)
    let undo: Undo = () => {}
    const tooLate = new Promise<never>((_, reject) => {
      undo = this.#clock.after(timeoutMs, () => reject(late(what, timeoutMs)))
    })
    try {
      return await Promise.race([tooLate, Promise.resolve(responder(bytes, this.node))])
    } catch (error) {
      if (error instanceof BrokerTimeout) throw error
      this.#report(error)
      throw new ResponderFailed(`The answer to ${what} failed`)
    } finally {
      undo()
    }
  }
}

function late(what: string, timeoutMs: number): BrokerTimeout {
  return new BrokerTimeout(`There was no answer to ${what} within ${timeoutMs} ms`)
}
