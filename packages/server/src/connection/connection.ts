import {
  type Clock,
  CloseCode,
  type Session as DialectSession,
  type Effect,
  type HelloRequest,
  type Notice,
  type Outcome,
  type Payload,
  type Random,
  type RefreshRequest,
  type Refusal,
  type Request,
  type Welcome,
} from '@rollcall/core'
import type { Audit } from '../audit.ts'
import type { Channels } from '../channel/channels.ts'
import type { User } from '../channel/handlers.ts'
import type { Joining } from '../channel/joining.ts'
import type { Held, Membership, Peer } from '../channel/membership.ts'
import { refused } from '../channel/refusals.ts'
import type { Requests } from '../channel/requests.ts'
import { DIRECT, Frame } from '../hub/frame.ts'
import type { OutboxLimits } from '../hub/outbox.ts'
import { Outbox, type OutboxOwner } from '../hub/outbox.ts'
import type { Turn } from '../hub/turn.ts'
import { type Identity, identify } from '../identity/identity.ts'
import { REVOKED, type Revocations } from '../identity/revocations.ts'
import type { Handshake, Transport, TransportListener } from '../transport/transport.ts'
import type { Limits } from './limits.ts'
import { noteClose, noteRefusal, type RefusalCounters } from './notes.ts'
import { Pace } from './pace.ts'
import type { HeldMembership, Owner, Proof, Resumable, Session, Sessions } from './sessions.ts'
import type { Visitor } from './visitor.ts'

const NOBODY = identify(Object.freeze({ id: '' }))

/** What connections of one node share. */
export interface ConnectionHost {
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly channels: Channels
  readonly limits: Limits
  readonly outboxLimits: OutboxLimits
  readonly sessions: Sessions
  readonly joining: Joining
  readonly requests: Requests
  readonly counters: RefusalCounters
  readonly revocations: Revocations
  /** Hears who was refused; null if nobody does. */
  readonly audit: Audit | null
  report(what: string, error: unknown): void
  /** The session of a token, wherever it is; null if there is none for this proof. */
  takeSession(token: string, proof: Proof, contested: boolean): Promise<Resumable | null>
  /** Asks the application who somebody is. */
  authenticate(credentials: unknown, client: Client): Promise<Visitor | { readonly refusal: Refusal }>
  opened(connection: Connection): void
  gone(connection: Connection, end: End): void
  /** A connection of this address was closed for breaking a rule or a limit. */
  offended(address: string): void
  /** A membership that was held is over. */
  endHeld(held: HeldMembership, reason: 'lost' | 'kicked'): void
}

/** Somebody to be judged: a connection, or who is about to have one. */
export type Client = Pick<Connection, 'id' | 'data' | 'handshake' | 'dialect'>

/** How a connection ended, for those it was in company with. */
export type End = 'closed' | 'lost' | 'kicked'

/** One peer on one transport: carries out what its dialect's session wants, and stands for the client in its channels. */
export class Connection implements Peer, TransportListener, OutboxOwner, Owner {
  readonly handshake: Handshake
  readonly dialect: string
  readonly outbox: Outbox
  readonly memberships: Map<string, Membership> = new Map()
  readonly openedAt: number
  id: string
  /** Who it is, as of the credentials that were shown last. */
  identity: Identity = NOBODY
  data: Record<string, unknown> = {}
  readonly #host: ConnectionHost
  readonly #transport: Transport
  readonly #dialectSession: DialectSession
  readonly #pace: Pace
  #visitor: Visitor | null
  #session: Session | null = null
  #held: Map<string, Held> | null = null
  #closed = false
  #joined = false
  #anonymous = true
  #pending = 0
  #paused = false
  #answering = false
  // Those who wait for a ping to be answered.
  #asking: Set<(alive: boolean) => void> | null = null
  // Closes the connection that is to be left once everything is answered.
  #leave: (() => void) | null = null

  constructor(
    host: ConnectionHost,
    transport: Transport,
    session: DialectSession,
    handshake: Handshake,
    dialect: string,
    visitor: Visitor | null = null,
  ) {
    this.#host = host
    this.#transport = transport
    this.#dialectSession = session
    this.#pace = new Pace(host.limits)
    this.handshake = handshake
    this.dialect = dialect
    this.openedAt = host.clock.now()
    this.#visitor = visitor
    this.id = visitor?.id ?? host.random.token(9)
    if (visitor) this.data = visitor.data
    this.outbox = new Outbox(transport, host.turn, host.outboxLimits, this)
  }

  /** Lets the session speak first where it wants to. */
  start(): void {
    if (this.#dialectSession.start) this.#apply(this.#dialectSession.start(this.#host.clock.now()))
  }

  // From the transport

  received(payload: Payload): void {
    if (this.#closed || this.#leave) return
    const now = this.#host.clock.now()
    this.#weigh(payload, now)
    if (this.#pace.message(payload.length)) this.#transport.rest?.()
    try {
      this.#apply(this.#dialectSession.receive(payload, now))
    } catch (error) {
      this.#fail(error)
    }
  }

  alive(): void {
    for (const answered of this.#asking ?? []) answered(true)
    if (!this.#closed) this.#dialectSession.alive?.(this.#host.clock.now())
  }

  /** Asks the peer for a sign of life; false if the transport cannot. */
  answersPing(ms: number): Promise<boolean> {
    if (this.#closed || !this.#transport.ping) return Promise.resolve(false)
    return new Promise((resolve) => {
      const undo = this.#host.clock.after(ms, () => answered(false))
      const answered = (alive: boolean) => {
        undo()
        this.#asking?.delete(answered)
        resolve(alive)
      }
      this.#asking ??= new Set()
      this.#asking.add(answered)
      this.#transport.ping?.()
    })
  }

  broke(code: number): void {
    if (!this.#closed) noteClose(this.#host, this, code, 'the WebSocket is broken')
  }

  drained(): void {
    if (!this.#closed) this.outbox.drained()
  }

  /** Members that are behind may go on. */
  hasRoom(): void {
    for (const membership of this.memberships.values()) membership.channel.drained(membership)
  }

  closed(code: number, _reason: string): void {
    // 1000, and a close without a code, are said on purpose; a page that goes away says 1001, and may be reloading.
    this.#end(code === CloseCode.normal || code === 1005 ? 'closed' : 'lost')
  }

  // From the sweep

  /** Time passes: pings, silence, and a deadline for those that never say who they are. */
  tick(now: number): void {
    if (this.#closed) return
    const waited = now - this.openedAt > this.#host.limits.helloMs
    if (waited && this.#session === null) return this.close(CloseCode.idle, 'no hello in time')
    if (waited && this.#anonymous && !this.#joined) return this.close(CloseCode.idle, 'no join in time')
    if (now >= this.identity.expiresAt) return this.close(CloseCode.expired, 'the credentials have expired')
    this.#transport.tick?.(now)
    this.#apply(this.#dialectSession.tick(now))
    // A transport whose buffer is too small to say that it drained would leave its members behind.
    for (const membership of this.memberships.values())
      if (membership.feeding === 'behind') membership.channel.drained(membership)
  }

  // The session's wishes

  #apply(effects: readonly Effect[]): void {
    for (let i = 0; i < effects.length; i++) {
      const effect = effects[i] as Effect
      if (effect.kind === 'write') this.outbox.push(new Frame(effect.payload, DIRECT))
      else if (effect.kind === 'request') this.#ask(effect.request)
      else if (effect.kind === 'ping') this.#transport.ping?.()
      else this.close(effect.code, effect.reason)
      if (this.#closed) return
    }
  }

  // What an answer leads to is asked behind it: whoever answers has not finished yet with what it answers.
  #ask(request: Request): void {
    if (!this.#answering) return this.#request(request)
    void Promise.resolve().then(() => {
      if (!this.#closed) this.#request(request)
    })
  }

  #request(request: Request): void {
    if (request.kind === 'hello') return void this.#hello(request)
    const wait = this.#pace.take(request.kind, this.#pending, this.#host.clock.now())
    const isDear = wait > 0 || request.kind !== 'send'
    if (isDear && this.#pace.dear()) this.#transport.rest?.()
    if (wait > 0) return this.#refuseForSpeed(request, wait)
    this.#pending++
    const answer = (outcome: Outcome) => {
      this.#pending--
      this.#answer(request, outcome)
      if (this.#pending === 0) this.#leave?.()
    }
    if (request.kind === 'join') {
      this.#joined = true
      this.#host.joining.join(this, request, answer)
    } else if (request.kind === 'refresh') void this.#refresh(request, answer)
    else this.#host.requests.perform(this, request, answer)
  }

  #answer(request: Request, outcome: Outcome): void {
    if (this.#closed) return
    if (!outcome.ok) noteRefusal(this.#host, this, request, outcome.refusal)
    const now = this.#host.clock.now()
    const within = this.#answering
    this.#answering = true
    try {
      this.#apply(this.#dialectSession.answer(request, outcome, now))
    } catch (error) {
      if (!outcome.ok) return this.#fail(error)
      // What the application answered cannot be written as JSON, say.
      this.#host.report('An answer could not be encoded', error)
      const refusal = refused('internal', 'The answer could not be encoded')
      this.#apply(this.#dialectSession.answer(request, refusal, now))
    } finally {
      this.#answering = within
    }
  }

  // A fault of ours: it ends this connection, which may come back, and nothing else.
  #fail(error: unknown): void {
    this.#host.report('A connection failed', error)
    this.close(CloseCode.insufficientState, 'internal error')
  }

  // Who is there

  get user(): User {
    return this.identity.user
  }

  async #hello(request: HelloRequest): Promise<void> {
    const credentials = JSON.stringify(request.credentials ?? null)
    let resumed = await this.#resume(request, { credentials })
    if (!resumed) {
      const judged = this.#visitor ?? (await this.#host.authenticate(request.credentials, this))
      this.#visitor = null
      if (this.#closed) return
      if ('refusal' in judged) return this.#answer(request, { ok: false, refusal: judged.refusal })
      // New credentials of the same user, a refreshed token say, resume its session as well.
      if (!judged.anonymous) resumed = await this.#resume(request, { user: judged.identity.user.id })
      if (this.#closed) return
      // While another node was asked, this may have changed.
      if (this.#host.revocations.has(judged.identity)) return this.#answer(request, { ok: false, refusal: REVOKED })
      this.identity = judged.identity
      this.#anonymous = judged.anonymous
    }
    if (this.#closed) return
    const resume = this.#begin(request, credentials, resumed)
    this.#transport.trusted?.()
    this.#host.opened(this)
    this.#answer(request, { ok: true, result: { connection: this.id, user: this.user, resume } })
  }

  #begin({ token, resume }: HelloRequest, credentials: string, resumed: boolean): Welcome['resume'] {
    const { sessions } = this.#host
    const kept = resumed && token === 'same' ? resume : null
    this.#session = sessions.begin(this, credentials, kept, token !== 'none')
    return token === 'none' ? null : { token: this.#session.token, resumeMs: sessions.resumeMs, resumed }
  }

  async #resume({ resume, token }: HelloRequest, proof: Proof): Promise<boolean> {
    const session = resume === null ? null : await this.#host.takeSession(resume, proof, token === 'same')
    if (!session || this.#closed) return false
    if (this.#host.revocations.has(session.identity)) {
      for (const held of session.held?.values() ?? []) this.letGo(held)
      return false
    }
    this.id = session.id
    this.identity = session.identity
    this.data = session.data
    this.#held = session.held
    this.#anonymous = false
    return true
  }

  async #refresh(request: RefreshRequest, answer: (outcome: Outcome) => void): Promise<void> {
    const user = await this.#host.authenticate(request.credentials, this)
    if (this.#closed) return
    if ('refusal' in user) return answer({ ok: false, refusal: user.refusal })
    if (this.#host.revocations.has(user.identity)) return answer({ ok: false, refusal: REVOKED })
    if (user.identity.user.id !== this.user.id)
      return answer(refused('unauthorized', 'The new credentials are of another user: open a connection for it'))
    this.identity = user.identity
    if (this.#session) this.#host.sessions.end(this.#session)
    this.#session = this.#host.sessions.begin(this, JSON.stringify(request.credentials ?? null))
    answer({ ok: true, result: { resume: this.#session.token, resumeMs: this.#host.sessions.resumeMs } })
  }

  takeHeld(alias: string): Held | null {
    const held = this.#held?.get(alias)
    if (!held) return null
    this.#held?.delete(alias)
    return held
  }

  letGo(held: Held): void {
    if (isHere(held)) this.#host.endHeld(held, 'lost')
  }

  /** Takes a topic out of what its resumed session held and it has not come back to; answers what that was. */
  takeLost(topic: string): Held[] {
    const taken: Held[] = []
    for (const [alias, held] of this.#held ?? [])
      if (held.topic === topic && this.#held?.delete(alias)) taken.push(held)
    return taken
  }

  // Speed

  // Who sends more bytes than it may is not read from for a while: TCP tells it.
  #weigh(payload: Payload, now: number): void {
    const wait = this.#pace.weigh(payload.length, this.#transport.bytesRead ?? 0, now)
    if (wait === 0 || this.#paused) return
    this.#paused = true
    this.#transport.pause()
    this.#host.clock.after(wait, () => {
      this.#paused = false
      if (!this.#closed) this.#transport.resume()
    })
  }

  #refuseForSpeed(request: Request, retryAfterMs: number): void {
    this.#host.counters.rateLimited++
    if (this.#pace.strike()) return this.close(CloseCode.tooFast, 'kept on after being told to slow down')
    this.#answer(request, refused('rate_limited', `Too fast: wait ${retryAfterMs} ms`, { retryAfterMs }))
  }

  // Ends

  notify(notice: Notice): void {
    if (!this.#closed) this.#apply(this.#dialectSession.notify(notice))
  }

  kicked(membership: Membership, reason: string): void {
    this.#host.requests.end(membership, 'kicked')
    this.notify({ kind: 'left', alias: membership.alias, reason })
  }

  get waitingBytes(): number {
    return this.outbox.waitingBytes
  }

  tooSlow(): void {
    this.#host.turn.counters.closedAsSlow++
    // Nothing more can be written: what waits is given up together with the connection.
    this.close(CloseCode.slow, 'reading too slowly')
  }

  /** Ends as too slow, without waiting for what is not read: the memory is needed. */
  shed(): void {
    this.tooSlow()
    this.#transport.destroy()
  }

  supersede(): void {
    this.close(CloseCode.superseded, 'the session went on elsewhere')
  }

  /** Ends the connection for good: no grace, and its session cannot be resumed. */
  disconnect(reason: string): void {
    this.#close(CloseCode.kicked, reason, 'kicked')
  }

  /** Closes from our side. The client may come back, so what it was in is held for it, unless it did wrong. */
  close(code: number, reason: string): void {
    this.#close(code, reason, code >= 4400 && code < 4500 ? 'closed' : 'lost')
  }

  /**
   * Sends the client away: as soon as all that it has asked is answered, after `ms` at the latest. What it says from now on
   * is left to its next connection. Resolves when this one is closed. Called once.
   */
  retire(notice: Notice, code: number, ms: number): Promise<void> {
    this.notify(notice)
    return new Promise((resolve) => {
      const undo = this.#host.clock.after(ms, () => this.#leave?.())
      this.#leave = () => {
        undo()
        this.#leave = null
        this.close(code, 'the server is stopping')
        resolve()
      }
      if (this.#pending === 0 || this.#closed) this.#leave()
    })
  }

  #close(code: number, reason: string, end: End): void {
    if (this.#closed) return
    noteClose(this.#host, this, code, reason)
    for (const effect of this.#dialectSession.closing?.(code) ?? [])
      if (effect.kind === 'write') this.outbox.push(new Frame(effect.payload, DIRECT))
    this.#end(end)
    if (code !== CloseCode.slow) this.outbox.flush()
    this.#transport.close(this.#dialectSession.closeCode?.(code) ?? code, reason)
  }

  #end(end: End): void {
    if (this.#closed) return
    this.#closed = true
    this.#leave?.()
    for (const answered of this.#asking ?? []) answered(false)
    const held = new Map<string, HeldMembership>()
    for (const membership of [...this.memberships.values()]) {
      const holds = end === 'lost' && this.#session && membership.feeding !== 'joining'
      if (holds) held.set(membership.alias, this.#hold(membership))
      else this.#host.requests.end(membership, end)
    }
    this.memberships.clear()
    // What an earlier connection left, and this one has not taken up, is held on.
    for (const [alias, left] of this.#held ?? []) {
      if (!isHere(left)) continue
      if (end === 'lost') held.set(alias, left)
      else this.#host.endHeld(left, end === 'kicked' ? 'kicked' : 'lost')
    }
    this.#held?.clear()
    if (this.#session) {
      if (end === 'lost') this.#host.sessions.lose(this.#session, held)
      else this.#host.sessions.end(this.#session)
    }
    this.#host.gone(this, end)
  }

  #hold(membership: Membership): HeldMembership {
    const { channel, entry } = membership
    channel.stopFeeding(membership)
    const shown = entry === null ? null : (channel.tracker?.roster.entry(entry) ?? null)
    if (shown) channel.linger(shown.key, shown.id)
    this.#host.channels.left(channel)
    return { topic: channel.name, entry: shown, membership, moved: false, over: false }
  }
}

// What a session brought from another node stays that node's to let go.
export function isHere(held: Held): held is HeldMembership {
  return 'membership' in held
}
