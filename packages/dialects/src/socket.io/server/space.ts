import type { EventEmitter } from 'node:events'
import type { Clock, Payload, Random } from '@rollcall/core'
import type { Broadcast, Turn } from 'rollcall/hub'
import type { Auth } from '../auth.ts'
import type { EngineVersion } from '../engine/packet.ts'
import { encodeConnected } from '../packet/encode.ts'
import { Answers } from './answers.ts'
import { type Middleware, runChain } from './chain.ts'
import type { Report } from './emitter.ts'
import type { SendFlags } from './flags.ts'
import { type Gathered, Gathering, guarded } from './gathering.ts'
import { History, type Kept, type Retention, sizeOf } from './history.ts'
import type { ServerLimits } from './limits.ts'
import { type Carrier, Member, type MemberHost } from './member.ts'
import { broadcastOf, EventVariant, type Outgoing } from './outgoing.ts'
import { Returns, type Stay } from './returns.ts'
import { Rooms, type RoomWatch, type Target } from './rooms.ts'

/** What the namespaces of one server have in common. */
export interface Shared {
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly limits: ServerLimits
  readonly report: Report
  /** How long a lost socket may take to come back, and whether it is judged again; null: none comes back. */
  readonly recovery: { readonly withinMs: number; readonly judged: 'again' | 'once' } | null
  /** What a namespace keeps of what it sends; null: nothing. */
  retentionOf(name: string): Retention | null
}

/** A client's wish to be in a namespace. */
export interface Wish {
  readonly carrier: Carrier
  readonly auth: Auth
  /** The client has left meanwhile, or is gone. */
  readonly cancelled: boolean
  /** Who it became, once that is known. */
  member: Member | null
  refuse(message: string, data: unknown): void
}

/** What an application sees of a namespace. */
export interface SpaceFace {
  /** Makes what stands for a member. */
  socket(member: Member): EventEmitter
  /** A socket is connected. */
  connected(socket: EventEmitter): void
}

// How long the owner of a pid may take to answer a ping, when somebody else shows it.
const CONTEST_MS = 1_000

/** One namespace: who is in it, in which rooms, and what it sends them. */
export class Space implements MemberHost {
  readonly name: string
  readonly report: Report
  readonly rooms: Rooms<Member>
  /** What stands for those who are connected, by their ids. */
  readonly sockets: Map<string, EventEmitter> = new Map()
  readonly middlewares: Middleware<EventEmitter>[] = []
  readonly #shared: Shared
  readonly #face: SpaceFace
  readonly #history: History | null
  readonly #returns: Returns<Member> | null
  readonly #variants: Readonly<Record<EngineVersion, EventVariant>>
  readonly #emptied: (space: Space) => void
  watchers = 0
  #acks = 0
  #contests = 0

  /** `emptied` hears when the last socket has gone. */
  constructor(
    name: string,
    shared: Shared,
    face: SpaceFace,
    watch: RoomWatch,
    emptied: (space: Space) => void = () => {},
  ) {
    this.name = name
    this.report = shared.report
    this.#shared = shared
    this.#face = face
    this.#emptied = emptied
    const { clock, random, turn, limits, recovery } = shared
    this.rooms = new Rooms(name, turn, limits.volatileBytes, watch)
    const retention = shared.retentionOf(name)
    this.#history = retention && new History(retention, random.token(6))
    const recovers = recovery !== null && retention !== null
    const returning = { withinMs: recovery?.withinMs ?? 0, lost: limits.lostSockets }
    this.#returns = recovers ? new Returns(clock, random, returning, () => this.#tellEmptied()) : null
    this.#variants = { 3: new EventVariant(name, 3, false), 4: new EventVariant(name, 4, recovers) }
  }

  get position(): number {
    return this.#history?.top ?? 0
  }

  nextAck(): number {
    return this.#acks++
  }

  newAnswers(): Answers {
    return new Answers(this.#shared.clock)
  }

  // Coming in

  /** Judges who wants to be in here, and lets them in or refuses. */
  admit(wish: Wish): void {
    const stay = this.#stayOf(wish)
    const owner = stay?.owner
    if (!owner) return this.#judge(wish, stay)
    // Either its connection is dead and does not know it yet, or somebody else shows a pid that is not theirs.
    this.#contests++
    void owner.carrier.answersPing(CONTEST_MS).then((answers) => {
      this.#contests--
      if (!answers) owner.carrier.abandon()
      if (wish.cancelled) this.#tellEmptied()
      else this.#judge(wish, answers ? null : this.#stayOf(wish))
    })
  }

  #stayOf({ carrier, auth }: Wish): Stay<Member> | null {
    const pid = Object.hasOwn(auth, 'pid') ? auth['pid'] : undefined
    if (typeof pid !== 'string' || carrier.version !== 4) return null
    return this.#returns?.find(pid) ?? null
  }

  #judge(wish: Wish, stay: Stay<Member> | null): void {
    const returns = stay !== null && !stay.owner && this.#whereOf(stay, wish.auth) !== null
    // What it has missed is not all here any more, and will not be later.
    if (stay && !stay.owner && !returns) this.#returns?.end(stay)
    const member = this.#enter(wish, returns ? stay : null)
    const done = () => this.#letIn(wish, member)
    if (returns && this.#shared.recovery?.judged === 'once') return done()
    runChain(this.middlewares, member.face as EventEmitter, this.report, (verdict) => {
      if (wish.cancelled || member.state !== 'joining') return
      if (!verdict) return done()
      if (verdict.unexpected) this.report(`A middleware of ${this.name} failed`, verdict.error)
      member.end('server namespace disconnect')
      const { message, data } = toRefusal(verdict)
      wish.refuse(message, data)
    })
  }

  // Where somebody who comes back goes on; null if what it has missed is not all there any more.
  #whereOf(stay: Stay<Member>, auth: Auth): number | null {
    const history = this.#history
    if (!history) return null
    const offset = history.read(Object.hasOwn(auth, 'offset') ? auth['offset'] : undefined)
    // Without an offset it got nothing yet, and one from before belongs to an earlier stay.
    const at = Math.max(stay.since, offset ?? 0)
    return history.covers(at, this.#shared.clock.now()) ? at : null
  }

  #enter(wish: Wish, stay: Stay<Member> | null): Member {
    const { carrier, auth } = wish
    const { version } = carrier
    const { clock, random } = this.#shared
    const id = stay?.id ?? (version === 3 ? this.#oldId(carrier.sid) : random.token(15))
    const about = { id, auth, issued: clock.now(), recovered: stay !== null }
    const member = new Member(this, carrier, this.#variants[version], about)
    wish.member = member
    this.rooms.enter(member)
    if (stay) {
      this.#returns?.take(stay, member)
      member.stay = stay
      member.data = stay.data
      for (const [room, since] of stay.rooms) this.rooms.join(member, room, since)
    }
    member.face = this.#face.socket(member)
    return member
  }

  // Clients of revision 3 compute it by themselves.
  #oldId(sid: string): string {
    return this.name === '/' ? sid : `${this.name}#${sid}`
  }

  #letIn({ auth }: Wish, member: Member): void {
    const { carrier, stay } = member
    const missed = stay ? this.#missedBy(member, stay, auth) : []
    if (missed === null) {
      // It must come again, as somebody new.
      if (stay) this.#returns?.end(stay)
      member.stay = null
      return carrier.abandon()
    }
    member.state = 'connected'
    carrier.admitted()
    member.stay ??= this.#returns?.begin(member, member.id, this.position) ?? null
    this.sockets.set(member.id, member.face as EventEmitter)
    // One write, so that however much it is, it is no slow reading.
    if (missed.length > 0) carrier.write(missed)
    const about = { sid: member.id, ...(member.stay && { pid: member.stay.pid }) }
    carrier.write(encodeConnected(this.name, carrier.version, about))
    this.rooms.feed(member)
    this.#face.connected(member.face as EventEmitter)
  }

  // Null if the history has gone on without it while it was judged, or if it is more than a connection can be given at once.
  #missedBy(member: Member, stay: Stay<Member>, auth: Auth): readonly Payload[] | null {
    const at = this.#whereOf(stay, auth)
    if (at === null || !this.#history) return null
    const missed = this.#history.after(at).filter((kept) => wasFor(kept, member))
    const bytes = missed.reduce((sum, kept) => sum + sizeOf(kept.payloads), 0)
    return bytes > this.#shared.limits.outboxBytes / 2 ? null : missed.flatMap(({ payloads }) => payloads)
  }

  // Rooms

  join(member: Member, room: string): void {
    this.rooms.join(member, room, this.position)
  }

  leave(member: Member, room: string): void {
    this.rooms.leave(member, room)
  }

  exit(member: Member, stays: boolean): void {
    const { stay } = member
    if (stay && stays) this.#returns?.lose(stay, roomsOf(member), member.data)
    else if (stay) this.#returns?.end(stay)
    this.rooms.exit(member)
    if (this.sockets.get(member.id) === member.face) this.sockets.delete(member.id)
    this.#tellEmptied()
  }

  #tellEmptied(): void {
    if (this.isEmpty) this.#emptied(this)
  }

  /** Whether nobody is here, nor can come back to here. */
  get isEmpty(): boolean {
    return this.rooms.occupants.size === 0 && this.#contests === 0 && (this.#returns?.lost ?? 0) === 0
  }

  // Sending

  deliver(member: Member, args: readonly unknown[], ack: number | null, isVolatile: boolean): void {
    const { turn, limits } = this.#shared
    if (isVolatile && member.outbox.bufferedBytes > limits.volatileBytes) {
      turn.counters.volatileDropped++
      return
    }
    turn.counters.deliveries++
    if (!this.#history) return member.carrier.write(member.variant.encode({ args, ack, offset: null }))
    const target = member.state === 'joining' ? null : { rooms: new Set([member.id]), except: NOBODY }
    member.carrier.write(this.#compose(target, args, ack, isVolatile).frame(member.variant).payloads)
  }

  /** Sends an event to the members of a target. */
  emit(target: Target, args: readonly unknown[], { volatile: isVolatile }: SendFlags): void {
    this.#send(target, this.#compose(target, args, null, isVolatile), args)
  }

  /** Sends an event to the members of a target, and collects their acknowledgements. */
  gather(
    target: Target,
    args: readonly unknown[],
    { volatile: isVolatile, timeoutMs }: SendFlags,
    done: Gathered,
  ): void {
    const ack = this.nextAck()
    new Gathering(ack, this.rooms.select(target), timeoutMs, this.#shared.clock, guarded(this.report, done))
    this.#send(target, this.#compose(null, args, ack, isVolatile), args)
  }

  #send(target: Target, message: Broadcast, args: readonly unknown[]): void {
    if (this.watchers > 0) for (const member of this.rooms.select(target)) member.tellOutgoing(args)
    this.#shared.turn.counters.emitted++
    this.rooms.publish(message, target)
  }

  // `target`: null if it is not to be kept.
  #compose(target: Target | null, args: readonly unknown[], ack: number | null, isVolatile: boolean): Broadcast {
    const history = this.#history
    if (!history) return broadcastOf({ args, ack, offset: null }, isVolatile)
    const kept = target !== null && ack === null && !isVolatile
    const message = broadcastOf(
      { args, ack, offset: this.#offsetOf(history, args, kept) } satisfies Outgoing,
      isVolatile,
    )
    if (kept) history.keep(target, message.frame(this.#variants[4]).payloads, this.#shared.clock.now())
    return message
  }

  #offsetOf(history: History, args: readonly unknown[], kept: boolean): string | null {
    if (kept) return history.next
    // Clients take any text at the end for an offset.
    return typeof args.at(-1) === 'string' ? history.offset : null
  }

  // History

  /** The newest events that were sent to a room, or to all, oldest first. */
  latest(room: string | null, last: number): readonly Kept[] {
    const fits = ({ target }: Kept) => (room === null ? target.rooms.size === 0 : target.rooms.has(room))
    return this.#history?.latest(last, fits, this.#shared.clock.now()) ?? []
  }

  /** Whether anything is kept here. */
  get keeps(): boolean {
    return this.#history !== null
  }

  /** Whether lost sockets may come back: then events carry their offset. */
  get recovers(): boolean {
    return this.#returns !== null
  }

  /** The server stops: everybody is told, and nobody comes back. */
  close(): void {
    for (const member of [...this.rooms.occupants.values()]) member.end('server shutting down')
    this.#returns?.close()
  }
}

const NOBODY: ReadonlySet<string> = new Set()

function roomsOf(member: Member): ReadonlyMap<string, number> {
  const rooms = new Map<string, number>()
  for (const [room, { since }] of member.seats ?? []) rooms.set(room, since)
  return rooms
}

// What was sent to a room before the socket joined it was not for it, though it be in that room now.
function wasFor({ target, offset }: Kept, { id, seats }: Member): boolean {
  const isIn = (room: string) => room === id || offset > (seats?.get(room)?.since ?? Number.POSITIVE_INFINITY)
  const { rooms, except } = target
  return (rooms.size === 0 || [...rooms].some(isIn)) && ![...except].some((room) => room === id || seats?.has(room))
}

function toRefusal({ error, unexpected }: { readonly error: unknown; readonly unexpected: boolean }): {
  readonly message: string
  readonly data: unknown
} {
  // What was not meant for the client may say what it must not know.
  if (unexpected) return { message: 'Internal error', data: undefined }
  if (typeof error !== 'object' || error === null) return { message: String(error), data: undefined }
  const { message, data } = error as { readonly message?: unknown; readonly data?: unknown }
  return { message: typeof message === 'string' ? message : 'Refused', data }
}
