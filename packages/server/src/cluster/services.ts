import { type Clock, errorOf, fromUtf8, type Member, toUtf8, type Undo } from '@rollcall/core'
import { BrokerTimeout, isServiceBroker, NobodyThere, ResponderFailed, type ServiceBroker } from '../broker/broker.ts'
import { noBroker } from '../broker/memory.ts'
import { Refuse } from '../channel/handlers.ts'
import { refusalOf } from '../channel/refusals.ts'
import { TRACKER_DEFAULTS, Tracker } from '../presence/tracker.ts'
import type { Cluster } from './cluster.ts'
import type { SharedPresence } from './presence.ts'

/** Answers a request to a service. What it throws as a `Refuse` is told to whoever asked. */
export type Provider = (payload: unknown) => unknown

/** A service, and who provides it. */
export type Service = Member

/** Hears which services have come, changed or gone. */
export type ServicesListener = (services: readonly Service[]) => void

/** What `Services` needs. */
export interface ServicesHost {
  readonly clock: Clock
  readonly cluster: Cluster | null
  token(): string
  report(what: string, error: unknown): void
}

// The roster of services is shared among nodes like a topic's; no topic can have this name, since it holds a control character.
const ROSTER = '\u0000services'

/**
 * Requests between parts of an application, on whatever nodes they are: each is answered by exactly one of those who provide
 * the service. Providing it is being present: the roster of services is kept as members of a topic are, so a provider whose
 * node dies is gone as its members are.
 */
export class Services {
  readonly #host: ServicesHost
  readonly #broker: ServiceBroker
  readonly #tracker: Tracker
  readonly #listeners = new Set<ServicesListener>()
  readonly #ready: Promise<SharedPresence | null>

  /** @throws TypeError if the broker cannot carry requests. */
  constructor(host: ServicesHost) {
    this.#host = host
    const broker = host.cluster ? host.cluster.broker : noBroker({ clock: host.clock })
    if (!isServiceBroker(broker)) throw new TypeError('This broker cannot carry requests to services')
    this.#broker = broker
    this.#tracker = new Tracker(host.token(), host.clock, TRACKER_DEFAULTS, () => this.#tell())
    this.#ready = this.#share()
    this.#ready.catch((error: unknown) => host.report('Services cannot be shared', error))
  }

  async #share(): Promise<SharedPresence | null> {
    const { cluster } = this.#host
    if (!cluster) return null
    await cluster.ready
    return cluster.presence.share(ROSTER, this.#tracker)
  }

  /** Provides a service until undone. `meta` is told to all who look who provides what. */
  async provide(service: string, provider: Provider, meta: unknown): Promise<Undo> {
    const shared = await this.#ready
    const withdraw = await this.#broker.provide(service, (bytes) => this.#answer(service, provider, bytes))
    const entry = { id: this.#host.token(), key: service, meta: meta ?? null, rev: 1 }
    const roster = shared ? shared.replica : this.#tracker
    roster.set(entry)
    shared?.changed()
    return () => {
      withdraw()
      roster.delete(entry.id)
      shared?.changed()
    }
  }

  /** Asks whoever provides the service. Rejects with a typed error: nobody provides it, no answer in time, or refused. */
  async request(service: string, payload: unknown, timeoutMs: number): Promise<unknown> {
    await this.#ready
    const question = encode(payload, service)
    let bytes: Uint8Array
    try {
      bytes = await this.#broker.request(service, question, timeoutMs)
    } catch (error) {
      throw this.#failure(service, timeoutMs, error)
    }
    const answer = JSON.parse(fromUtf8(bytes) ?? 'null') as { ok?: unknown; refusal?: Parameters<typeof errorOf>[0] }
    if (answer.refusal) throw errorOf(answer.refusal)
    return answer.ok
  }

  #failure(service: string, timeoutMs: number, cause: unknown): Error {
    if (cause instanceof NobodyThere)
      return errorOf({ code: 'unavailable', message: `Nobody provides ${service}`, details: 'no_provider' }, { cause })
    if (cause instanceof BrokerTimeout)
      return errorOf({ code: 'timeout', message: `${service} did not answer within ${timeoutMs} ms` }, { cause })
    if (cause instanceof ResponderFailed) return errorOf({ code: 'internal', message: `${service} failed` }, { cause })
    return errorOf({ code: 'unavailable', message: `${service} cannot be reached now`, retryAfterMs: 1_000 }, { cause })
  }

  async #answer(service: string, provider: Provider, bytes: Uint8Array): Promise<Uint8Array> {
    try {
      return encode({ ok: await provider(JSON.parse(fromUtf8(bytes) ?? 'null')) }, service)
    } catch (error) {
      const { refusal, unexpected } = refusalOf(error, service)
      if (unexpected) this.#host.report(`The provider of ${service} failed`, error)
      return encode({ refusal }, service)
    }
  }

  /** All services that somebody provides, each with its providers. */
  async list(): Promise<readonly Service[]> {
    await (await this.#ready)?.settled
    return this.#tracker.roster.members()
  }

  observe(listener: ServicesListener): Undo {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(): void {
    const services = this.#tracker.roster.members()
    for (const listener of this.#listeners) listener(services)
  }

  async close(): Promise<void> {
    this.#tracker.close()
    ;(await this.#ready.catch(() => null))?.close()
  }
}

function encode(value: unknown, service: string): Uint8Array {
  const text = JSON.stringify(value ?? null)
  if (text === undefined) throw new Refuse(`${service} takes what JSON can carry`)
  return toUtf8(text)
}
