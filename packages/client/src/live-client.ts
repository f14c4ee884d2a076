import {
  type Ask,
  type ClientEffect,
  type Contract,
  errorOf,
  isOffset,
  type JoinOptions,
  type MembershipView,
  type Outcome,
  type Ref,
  RollcallClientSession,
  type RollcallError,
  type Undo,
} from '@rollcall/core'
import { onAbort } from './abort.ts'
import { warn } from './ambient.ts'
import type { Client, User } from './client.ts'
import { failed } from './failed.ts'
import type { InvalidMessage } from './invalid.ts'
import { Link } from './link.ts'
import { Listeners } from './listeners.ts'
import { type Asked, LiveRoom, type RoomHost } from './live-room.ts'
import type { ClientOptions } from './options.ts'
import type { Patience } from './patience.ts'
import type { ConnectionState } from './state.ts'

/** `JoinOptions` of any channel: which of these a contract asks for is the compiler's business. */
interface LooseJoinOptions extends JoinOptions {
  readonly signal?: AbortSignal
}

/** A contract's channels over one link. */
export class LiveClient implements Omit<Client, 'join'>, RoomHost {
  user: User | null = null
  connection: string | null = null
  readonly #contract: Contract
  readonly #options: ClientOptions
  readonly #session: RollcallClientSession
  readonly #link: Link
  readonly #rooms = new Map<string, LiveRoom>()
  readonly #waiting = new Map<Ref, (outcome: Outcome) => void>()
  readonly #invalid = new Listeners<[InvalidMessage]>()
  #forget: Undo | null = null

  constructor(contract: Contract, url: string, options: ClientOptions) {
    this.#contract = contract
    this.#options = options
    this.#session = new RollcallClientSession(options, options.random)
    this.#link = new Link(url, options, this.#session, (effect) => this.#take(effect))
  }

  start(): void {
    this.#link.start()
    this.#forget = onAbort(this.#options.signal, () => void this.close())
  }

  get state(): ConnectionState {
    return this.#link.state
  }

  subscribeState(listener: (state: ConnectionState) => void): Undo {
    return this.#link.changed.add(listener)
  }

  onInvalid(listener: (invalid: InvalidMessage) => void): Undo {
    return this.#invalid.add(listener)
  }

  invalid(invalid: InvalidMessage): void {
    const { topic, kind, name, issues } = invalid
    if (this.#invalid.size > 0) this.#invalid.call(invalid)
    else warn(`Cannot take the ${kind} "${name}" in ${topic}: ${issues}`)
  }

  join(topic: string, { signal, ...options }: LooseJoinOptions = {}): LiveRoom {
    const { last = 0 } = options
    if (!isOffset(last)) throw new RangeError('join: last must be a whole number from 0')
    if (this.#rooms.has(topic)) throw failed('already_joined', `Cannot join: ${topic} is joined`)
    const spec = this.#contract.match(topic)?.spec
    const room = new LiveRoom(this, topic, spec ?? {})
    this.#rooms.set(topic, room)
    if (this.state.kind === 'closed') room.end(failed('closed', 'the client was closed'))
    else if (spec) room.begin(options, signal)
    else room.end(failed('unknown_topic', `Cannot join: the contract does not know ${topic}`))
    return room
  }

  enter(topic: string, options: JoinOptions): MembershipView | undefined {
    const effects = this.#plan('join', () => this.#session.join(topic, options, this.#link.now))
    const membership = this.#session.membership(topic)
    this.#link.run(effects)
    this.#link.need()
    return membership
  }

  depart(room: LiveRoom): void {
    if (this.#rooms.get(room.topic) === room) this.#rooms.delete(room.topic)
  }

  /** A promise that settles once: with the answer, or when the asker's patience ends. */
  ask(asked: Asked, { signal, timeoutMs = this.#options.sendTimeoutMs }: Patience = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { kind } = asked
      const aborted = () => failed('aborted', `The ${kind} was aborted`, signal?.reason)
      if (signal?.aborted) throw aborted()
      const ref = this.#session.nextRef()
      const effects = this.#plan(kind, () => this.#session.ask({ ...asked, ref } as Ask, this.#link.now))
      const end = () => {
        this.#waiting.delete(ref)
        undo()
        forget()
      }
      const giveUp = (why: (sent: boolean) => RollcallError) => {
        end()
        reject(why(this.#session.cancel(ref)))
      }
      const undo = this.#options.clock.after(timeoutMs, () =>
        // What was never written cannot have happened.
        giveUp((sent) => failed(sent ? 'timeout' : 'unavailable', `The ${kind} has no answer in ${timeoutMs} ms`)),
      )
      const forget = onAbort(signal, () => giveUp(aborted))
      this.#waiting.set(ref, (outcome) => {
        end()
        if (outcome.ok) resolve(outcome.result)
        else reject(errorOf(outcome.refusal))
      })
      this.#link.run(effects)
    })
  }

  #plan(what: string, act: () => ClientEffect[]): ClientEffect[] {
    try {
      return act()
    } catch (cause) {
      throw failed('invalid_payload', `Cannot ${what}: JSON cannot carry this`, cause)
    }
  }

  #take(effect: ClientEffect): void {
    if (effect.kind === 'welcomed') {
      this.user = effect.welcome.user
      this.connection = effect.welcome.connection
    } else if (effect.kind === 'settled') this.#waiting.get(effect.ref)?.(effect.outcome)
    else if ('topic' in effect) this.#rooms.get(effect.topic)?.take(effect)
  }

  async refresh({ signal }: Patience = {}): Promise<void> {
    await this.ask({ kind: 'refresh', credentials: await this.#options.credentials(signal) }, { signal })
  }

  reconnectNow(): void {
    this.#link.wake()
  }

  close(): Promise<void> {
    this.#forget?.()
    for (const room of this.#rooms.values()) room.end(null, failed('closed', 'the client was closed'))
    return this.#link.close()
  }
}
