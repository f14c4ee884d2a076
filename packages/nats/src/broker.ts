import { headers, type Msg, NoRespondersError, type Subscription, TimeoutError } from '@nats-io/transport-node'
import type { Undo } from '@rollcall/core'
import {
  type BrokerListener,
  type BrokerResponder,
  BrokerTimeout,
  NobodyThere,
  ResponderFailed,
  type ServiceBroker,
} from 'rollcall/broker'
import { openLink } from './dial.ts'
import type { Link } from './link.ts'
import { linkSettings, type NatsOptions } from './options.ts'
import { fromToken, MAX_TOKEN_SOURCE, tokenCache, toToken } from './token.ts'

export interface NatsBrokerOptions extends NatsOptions {
  /** This node's id: unique among the nodes and new with each start, at most 128 code units. Default: made by chance. */
  readonly node?: string
  /** The first tokens of every subject, so that several clusters can share a NATS. Default `rollcall`. */
  readonly prefix?: string
}

/** A broker on NATS core subjects. */
export interface NatsBroker extends ServiceBroker {
  /** Messages not sent because NATS was away or too slow. */
  readonly dropped: number
}

const MAX_NODE_LENGTH = 128
const FAULT = 'Rollcall-Fault'

/**
 * A broker over an own connection to NATS, which comes back by itself for ever.
 *
 * | subject | carries |
 * | --- | --- |
 * | `<prefix>.pub.<subject>` | a message; its reply subject is the sender's address `<prefix>.node.<node>` |
 * | `<prefix>.ask.<node>.<subject>.<from>` | a question to a node |
 * | `<prefix>.svc.<service>.<from>` | a request, to one member of the queue group |
 *
 * Rejects if NATS cannot be reached within `connectTimeoutMs`.
 */
export async function natsBroker(options: NatsBrokerOptions = {}): Promise<NatsBroker> {
  const settings = linkSettings(options)
  const { node = settings.random.token(), prefix = 'rollcall' } = options
  if (typeof node !== 'string' || node === '' || node.length > MAX_NODE_LENGTH)
    throw new RangeError(`node: an id of 1 to ${MAX_NODE_LENGTH} code units is needed`)
  if (!/^[\w-]+(\.[\w-]+)*$/.test(prefix)) throw new TypeError(`prefix: not the begin of a NATS subject: ${prefix}`)
  const token = toToken(node)
  const link = await openLink(settings, `rollcall broker ${node}`)
  return new Broker(node, token, prefix, link, settings.report)
}

interface Interest {
  readonly listeners: Set<{ readonly listener: BrokerListener }>
  readonly subscription: Subscription
}

class Broker implements NatsBroker {
  readonly node: string
  dropped = 0
  readonly #token: string
  readonly #prefix: string
  readonly #link: Link
  readonly #report: (error: unknown) => void
  readonly #tokenOf: (text: string) => string = tokenCache()
  readonly #publishing: { readonly reply: string }
  readonly #interests = new Map<string, Interest>()
  readonly #responders = new Map<string, { readonly responder: BrokerResponder; readonly stop: Undo }>()
  readonly #providers = new Map<string, { readonly responders: BrokerResponder[]; readonly stop: Undo }>()
  readonly #nodes = new Map<string, string>()
  #turn = 0
  #closing: Promise<void> | null = null

  constructor(node: string, token: string, prefix: string, link: Link, report: (error: unknown) => void) {
    this.node = node
    this.#token = token
    this.#prefix = prefix
    this.#link = link
    this.#report = report
    this.#publishing = { reply: `${prefix}.node.${token}` }
  }

  get healthy(): boolean {
    return this.#link.healthy
  }

  onHealth(changed: (healthy: boolean) => void): Undo {
    return this.#link.onHealth(changed)
  }

  publish(subject: string, bytes: Uint8Array): void {
    const to = `${this.#prefix}.pub.${this.#tokenOf(subject)}`
    if (this.#closing) return
    const { maxBytes } = this
    if (bytes.byteLength > maxBytes)
      throw new RangeError(`Cannot publish ${bytes.byteLength} bytes: this NATS takes at most ${maxBytes}`)
    if (!this.#link.admit(bytes.byteLength + to.length)) {
      this.dropped++
      return
    }
    try {
      this.#link.nc.publish(to, bytes, this.#publishing)
    } catch (error) {
      this.dropped++
      this.#report(error)
    }
  }

  async subscribe(subject: string, listener: BrokerListener): Promise<Undo> {
    this.#demandOpen('subscribe')
    const entry = { listener }
    const interest = this.#interests.get(subject) ?? this.#listen(subject)
    interest.listeners.add(entry)
    await this.#link.settle()
    return () => {
      if (!interest.listeners.delete(entry) || interest.listeners.size > 0) return
      if (this.#interests.get(subject) === interest) this.#interests.delete(subject)
      interest.subscription.unsubscribe()
    }
  }

  async ask(node: string, subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const whom = `"${subject}" on node "${node}"`
    if (node === this.node) return this.#answer(this.#responders.get(subject)?.responder, bytes, timeoutMs, whom)
    // No node has such an id.
    if (node.length > MAX_NODE_LENGTH) throw new NobodyThere(`Nobody answers ${whom}`)
    const to = `${this.#prefix}.ask.${toToken(node)}.${this.#tokenOf(subject)}.${this.#token}`
    return this.#question(to, bytes, timeoutMs, whom)
  }

  async respond(subject: string, responder: BrokerResponder): Promise<Undo> {
    this.#demandOpen('respond')
    if (this.#responders.has(subject)) throw new Error(`"${subject}" has a responder on this node already`)
    const stop = this.#serve(`ask.${this.#token}.${this.#tokenOf(subject)}`, undefined, () => responder)
    const entry = { responder, stop }
    this.#responders.set(subject, entry)
    await this.#link.settle()
    return () => {
      stop()
      if (this.#responders.get(subject) === entry) this.#responders.delete(subject)
    }
  }

  async provide(service: string, responder: BrokerResponder): Promise<Undo> {
    this.#demandOpen('provide')
    const entry = this.#providers.get(service) ?? this.#enlist(service)
    // A registration of its own, even of the same function twice.
    const own: BrokerResponder = (bytes, from) => responder(bytes, from)
    entry.responders.push(own)
    await this.#link.settle()
    return () => {
      const at = entry.responders.indexOf(own)
      if (at >= 0) entry.responders.splice(at, 1)
      if (entry.responders.length > 0) return
      entry.stop()
      if (this.#providers.get(service) === entry) this.#providers.delete(service)
    }
  }

  async request(service: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const what = `the service "${service}"`
    const own = this.#next(this.#providers.get(service)?.responders)
    if (own) return this.#answer(own, bytes, timeoutMs, what)
    return this.#question(`${this.#prefix}.svc.${this.#tokenOf(service)}.${this.#token}`, bytes, timeoutMs, what)
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  /** The largest message that the server takes. */
  get maxBytes(): number {
    return this.#link.nc.info?.max_payload ?? 1_048_576
  }

  async #end(): Promise<void> {
    for (const { subscription } of this.#interests.values()) subscription.unsubscribe()
    for (const { stop } of this.#responders.values()) stop()
    for (const { stop } of this.#providers.values()) stop()
    this.#interests.clear()
    this.#responders.clear()
    this.#providers.clear()
    await this.#link.close()
  }

  #demandOpen(verb: string): void {
    if (this.#closing) throw new Error(`Cannot ${verb}: the broker is closed`)
  }

  #listen(subject: string): Interest {
    const listeners: Interest['listeners'] = new Set()
    const subscription = this.#link.nc.subscribe(`${this.#prefix}.pub.${this.#tokenOf(subject)}`, {
      callback: (error, message) => {
        if (error) this.#report(error)
        else this.#hear(listeners, message)
      },
    })
    const interest = { listeners, subscription }
    this.#interests.set(subject, interest)
    return interest
  }

  #hear(listeners: Interest['listeners'], message: Msg): void {
    const from = this.#nodeAt(message.reply ?? '')
    // A connection that was passed in may echo.
    if (from === this.node) return
    // A copy of the set, as a listener may subscribe or unsubscribe; `has`, as unsubscribing stops at once.
    for (const entry of listeners.size === 1 ? listeners : [...listeners]) {
      if (!listeners.has(entry)) continue
      try {
        entry.listener(message.data, from)
      } catch (error) {
        this.#report(error)
      }
    }
  }

  #nodeAt(address: string): string {
    let node = this.#nodes.get(address)
    if (node === undefined) {
      node = fromToken(address.slice(address.lastIndexOf('.') + 1))
      if (this.#nodes.size >= MAX_TOKEN_SOURCE) this.#nodes.clear()
      this.#nodes.set(address, node)
    }
    return node
  }

  #enlist(service: string): { readonly responders: BrokerResponder[]; readonly stop: Undo } {
    const responders: BrokerResponder[] = []
    const stop = this.#serve(`svc.${this.#tokenOf(service)}`, 'providers', () => this.#next(responders))
    const entry = { responders, stop }
    this.#providers.set(service, entry)
    return entry
  }

  #next(responders: readonly BrokerResponder[] | undefined): BrokerResponder | undefined {
    return responders?.[this.#turn++ % Math.max(1, responders.length)]
  }

  #serve(subject: string, queue: string | undefined, find: () => BrokerResponder | undefined): Undo {
    const subscription = this.#link.nc.subscribe(`${this.#prefix}.${subject}.*`, {
      ...(queue !== undefined && { queue }),
      callback: (error, message) => {
        if (error) this.#report(error)
        else void this.#reply(message, find())
      },
    })
    return () => subscription.unsubscribe()
  }

  // Never rejects.
  async #reply(message: Msg, responder: BrokerResponder | undefined): Promise<void> {
    try {
      const from = fromToken(message.subject.slice(message.subject.lastIndexOf('.') + 1))
      if (!responder) throw new NobodyThere(`Nobody answers ${message.subject} any more`)
      const answer = await responder(message.data, from)
      if (this.#link.admit(answer.byteLength)) message.respond(answer)
    } catch (error) {
      this.#report(error)
      const fault = headers()
      fault.set(FAULT, error instanceof NobodyThere ? 'nobody' : 'failed')
      try {
        message.respond(undefined, { headers: fault })
      } catch (unsent) {
        this.#report(unsent)
      }
    }
  }

  async #question(to: string, bytes: Uint8Array, timeoutMs: number, what: string): Promise<Uint8Array> {
    if (this.#closing) throw new NobodyThere(`Nobody answers ${what}: this broker is closed`)
    if (bytes.byteLength > this.maxBytes)
      throw new RangeError(`Cannot ask with ${bytes.byteLength} bytes: this NATS takes at most ${this.maxBytes}`)
    if (!this.#link.admit(bytes.byteLength + to.length))
      throw new NobodyThere(`Nobody answers ${what}: NATS is away or too slow`)
    let answer: Msg
    try {
      answer = await this.#link.nc.request(to, bytes, { timeout: Math.max(1, timeoutMs) })
    } catch (cause) {
      if (cause instanceof NoRespondersError || (cause instanceof Error && cause.cause instanceof NoRespondersError))
        throw new NobodyThere(`Nobody answers ${what}`, { cause })
      const why = cause instanceof TimeoutError ? `within ${timeoutMs} ms` : 'before the connection was lost'
      throw new BrokerTimeout(`There was no answer to ${what} ${why}`, { cause })
    }
    const fault = answer.headers?.get(FAULT)
    if (fault === 'nobody') throw new NobodyThere(`Nobody answers ${what}`)
    if (fault) throw new ResponderFailed(`The answer to ${what} failed`)
    return answer.data
  }

  // As over the wire, but within this node.
  async #answer(
    responder: BrokerResponder | undefined,
    bytes: Uint8Array,
    timeoutMs: number,
    what: string,
  ): Promise<Uint8Array> {
    if (!responder || this.#closing) throw new NobodyThere(`Nobody answers ${what}`)
    let undo: Undo = () => {}
    const late = new Promise<never>((_, reject) => {
      undo = this.#link.after(timeoutMs, () =>
        reject(new BrokerTimeout(`There was no answer to ${what} within ${timeoutMs} ms`)),
      )
    })
    try {
      return await Promise.race([late, Promise.resolve(responder(bytes, this.node))])
    } catch (error) {
      if (error instanceof BrokerTimeout) throw error
      this.#report(error)
      throw new ResponderFailed(`The answer to ${what} failed`)
    } finally {
      undo()
    }
  }
}
