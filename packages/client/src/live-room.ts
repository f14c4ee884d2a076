import {
  type Ask,
  type ChannelSpec,
  type ClientEffect,
  errorOf,
  isVolatile,
  type JoinOptions,
  type MembershipView,
  type Position,
  type RollcallError,
  type Schema,
  type Undo,
  validate,
  type WirePage,
} from '@rollcall/core'
import { onAbort } from './abort.ts'
import { failed } from './failed.ts'
import { Inbox } from './inbox.ts'
import type { InvalidMessage } from './invalid.ts'
import { Listeners } from './listeners.ts'
import { type LivePresence, livePresence } from './live-presence.ts'
import type { Patience } from './patience.ts'
import type {
  CallOptions,
  Gap,
  History,
  HistoryOptions,
  JoinAnswer,
  MessageContext,
  ReadOptions,
  Room,
  RoomState,
  Sent,
} from './room.ts'

type Unread = MessageContext & { readonly event: string; readonly payload: unknown }
type Incoming = Unread & { readonly payload: never }
type Left = RoomState & { readonly kind: 'left' }
/** An ask that has no ref yet. */
export type Asked<A = Ask> = A extends unknown ? Omit<A, 'ref'> : never

/** What a room needs of the client that it lives on. */
export interface RoomHost {
  ask(asked: Asked, patience?: Patience): Promise<unknown>
  /** Becomes a member; answers what there is to be read of it from now on. @throws RollcallError */
  enter(topic: string, options: JoinOptions): MembershipView | undefined
  /** The room has ended and gives its topic free. */
  depart(room: LiveRoom): void
  invalid(invalid: InvalidMessage): void
}

/** A room, fed by its client. */
export class LiveRoom implements Room {
  readonly topic: string
  readonly presence: LivePresence = livePresence(
    () => (this.state.kind !== 'left' && this.#membership) || null,
    (seen, patience) => this.#show(seen, patience),
  )
  readonly joined: Promise<JoinAnswer>
  state: RoomState = { kind: 'joining' }
  readonly #host: RoomHost
  readonly #spec: ChannelSpec
  readonly #incoming = new Listeners<[Incoming]>()
  readonly #changed = new Listeners<[RoomState]>()
  readonly #gaps = new Listeners<[Gap]>()
  readonly #lefts = new Listeners<[Left]>()
  #membership: MembershipView | undefined
  #leaving: Promise<void> | null = null
  #forget: Undo | null = null
  #settle: { resolve(answer: JoinAnswer): void; reject(error: RollcallError): void } | null = null

  constructor(host: RoomHost, topic: string, spec: ChannelSpec) {
    this.#host = host
    this.#spec = spec
    this.topic = topic
    this.joined = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    // Whoever does not await it learns of a refusal by the state.
    this.joined.catch(() => {})
  }

  get position(): Position | null {
    return this.#membership?.position ?? null
  }

  /** Asks to be let in. */
  begin(options: JoinOptions, signal: AbortSignal | undefined): void {
    const { join, presence } = this.#spec
    try {
      if (join) this.#check('join', join, options.input)
      if (options.presence !== undefined) this.#check('be seen', presence, options.presence)
      this.#membership = this.#host.enter(this.topic, options)
      this.#forget = onAbort(signal, () => void this.#leave(failed('aborted', 'The join was aborted', signal?.reason)))
    } catch (error) {
      this.end(error as RollcallError)
    }
  }

  take(effect: ClientEffect): void {
    const { kind } = effect
    if (kind === 'joined') this.#enter(effect)
    else if (kind === 'interrupted') this.#change({ kind: 'rejoining' })
    else if (kind === 'message') {
      const message = this.#read(effect)
      if (message) this.#incoming.call(message)
    } else if (kind === 'presence') this.presence.change(effect.changes)
    else if (kind === 'gap') this.#gaps.call(effect)
    else if (kind === 'ended') this.end(errorOf(effect.refusal))
  }

  #enter({ first, result }: ClientEffect & { readonly kind: 'joined' }): void {
    this.#settle?.resolve(result)
    this.#change({ kind: 'joined' })
    // What a channel without history said meanwhile is nowhere to be had.
    if (!first && !result.position && Object.values(this.#spec.emit ?? {}).some((event) => !isVolatile(event)))
      this.#gaps.call({ reason: 'not_kept', after: null, position: null })
  }

  /** The membership is over. */
  end(error: RollcallError | null, why: RollcallError | null = error): void {
    if (this.state.kind === 'left') return
    this.#forget?.()
    this.#host.depart(this)
    const ended = why ?? failed('closed', `${this.topic} was left`)
    this.#settle?.reject(ended)
    const left: Left = { kind: 'left', reason: ended.message, error }
    this.#change(left)
    this.#lefts.call(left)
    this.#incoming.clear()
  }

  #change(state: RoomState): void {
    this.state = state
    this.#changed.call(state)
  }

  #read(message: Unread): Incoming | null {
    const { topic, event, payload } = message
    const entry = own(this.#spec.emit, event)
    const found = entry ? validate(isVolatile(entry) ? entry.schema : entry, payload) : { issues: 'no such event' }
    if ('value' in found) return { ...message, payload: found.value as never }
    // Messages are handed on in order and at once; one that waits for its schema would hold up all others.
    const issues = 'issues' in found ? found.issues : 'its schema must answer at once'
    this.#host.invalid({ topic, kind: 'emit', name: event, payload, issues })
    return null
  }

  subscribeState(listener: (state: RoomState) => void): Undo {
    return this.#changed.add(listener)
  }

  on(event: string, listener: (payload: never, message: never) => void): Undo {
    return this.#incoming.add((message) => {
      if (message.event === event) listener(message.payload, message as never)
    })
  }

  onGap(listener: (gap: Gap) => void): Undo {
    return this.#gaps.add(listener)
  }

  onLeft(listener: (left: Left) => void): Undo {
    return this.#lefts.add(listener)
  }

  messages(first?: string | ReadOptions, second?: ReadOptions): AsyncIterableIterator<never> {
    const event = typeof first === 'string' ? first : null
    const { signal, maxWaiting = 1_000 } = (event === null ? (first as ReadOptions | undefined) : second) ?? {}
    const undos: Undo[] = []
    const inbox = new Inbox<never>(maxWaiting, () => {
      for (const undo of undos) undo()
    })
    undos.push(
      this.#incoming.add((message) => {
        if (event === null || message.event === event) inbox.push(message as never)
      }),
      this.onLeft(({ error }) => inbox.end(error)),
      onAbort(signal, () => inbox.end(null)),
    )
    if (this.state.kind === 'left') inbox.end(null)
    return inbox
  }

  async send(event: string, payload: unknown, patience?: Patience): Promise<Sent> {
    this.#check(`send "${event}"`, own(this.#spec.send, event), payload)
    const asked = { kind: 'send', topic: this.topic, event, payload, id: null } as const
    return { position: (await this.#host.ask(asked, patience)) as Position | null }
  }

  async call(name: string, payload: unknown, { signal, timeoutMs = 10_000 }: CallOptions = {}): Promise<never> {
    const { topic } = this
    const spec = own(this.#spec.call, name)
    this.#check(`call "${name}"`, spec?.input, payload)
    const reply = await this.#host.ask({ kind: 'call', topic, name, payload }, { signal, timeoutMs })
    const found = await validate((spec as NonNullable<typeof spec>).output, reply)
    if ('value' in found) return found.value as never
    this.#host.invalid({ topic, kind: 'call', name, payload: reply, issues: found.issues })
    throw failed('invalid_payload', `Cannot take the reply to "${name}" in ${topic}: ${found.issues}`)
  }

  async #show(seen: { readonly meta: unknown } | null, patience?: Patience): Promise<void> {
    const { topic } = this
    if (seen) this.#check('be seen', this.#spec.presence, seen.meta)
    await this.#host.ask(seen ? { kind: 'track', topic, ...seen } : { kind: 'untrack', topic }, patience)
  }

  /** Where a schema takes its time, the server alone judges: what is sent first must go first. */
  #check(what: string, schema: Schema | undefined, value: unknown): void {
    const found = schema ? validate(schema, value) : { issues: 'the contract does not know it' }
    const code = schema ? 'invalid_payload' : 'unknown_event'
    if ('issues' in found) throw failed(code, `Cannot ${what} in ${this.topic}: ${found.issues}`)
  }

  async history({ before, after, limit = 50, signal }: HistoryOptions = {}): Promise<History<ChannelSpec>> {
    const { topic } = this
    const asked = { kind: 'history', topic, before: before ?? null, after: after ?? null, limit } as const
    const { epoch, more, messages } = (await this.#host.ask(asked, { signal })) as WirePage
    return {
      messages: messages.flatMap(({ event, payload, stamp: { from, at, offset } }) => {
        const position = offset === undefined ? null : { epoch, offset }
        return this.#read({ topic, event, payload, from, at, position, recovered: false }) ?? []
      }),
      epoch,
      more,
    }
  }

  leave(): Promise<void> {
    return this.#leave(null)
  }

  #leave(why: RollcallError | null): Promise<void> {
    if (this.state.kind !== 'left') {
      // The request first: a listener of the end may join the topic again.
      const told = this.#host.ask({ kind: 'leave', topic: this.topic })
      this.#leaving = told.then(
        () => {},
        () => {},
      )
      this.end(null, why)
    }
    return this.#leaving ?? Promise.resolve()
  }
}

// A name such as `constructor` is no entry of a contract that does not have it.
function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined
}
