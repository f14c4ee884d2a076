import type { Gap, JoinAnswer, Message, MessageContext, Room } from '@rollcall/client'
import { type Clock, type Member, type Position, type SpecFor, type Undo, UnknownOutcomeError } from '@rollcall/core'
import type { lobby } from '../../../src/contract.ts'
import { Attendance, type Movement } from './attendance.ts'
import * as outbox from './pending.ts'
import { Store } from './store.ts'
import * as timeline from './timeline.ts'
import { Typing } from './typing.ts'

/** The rules of the lobby's rooms: public and private ones differ only in how they are joined. */
export type LobbySpec = SpecFor<(typeof lobby)['channels'], 'room:any'>
export type LobbyRoom = Room<LobbySpec>
export type LobbyMember = Member<{ readonly name: string; readonly typing?: boolean | undefined }>

/** How one stands to the room. */
export type Standing =
  | { readonly kind: 'joining' | 'joined' | 'rejoining' }
  /** Kept out, or put out; `why` is the server's. */
  | { readonly kind: 'out'; readonly why: string; readonly refused: boolean }

export interface ConversationState {
  readonly standing: Standing
  readonly timeline: timeline.Timeline
  readonly outbox: outbox.Outbox
  readonly members: readonly LobbyMember[]
  /** Messages of others that were not seen yet. */
  readonly unread: number
  /** The first of them, which stays marked while the room is looked at. */
  readonly firstNew: string | null
}

/** What a conversation needs of the page that it is in. */
export interface ConversationGround {
  /** The id of one's own user. */
  readonly self: string
  readonly clock: Clock
  /** The newest message that was seen in an earlier visit. */
  readonly lastRead: Position | null
  /** Messages have been seen up to here. */
  read(position: Position): void
  /** To be said to those who cannot see the screen. */
  announce(text: string): void
}

/** Messages that are read at once. */
const PAGE = 50
/** How long after a reconnect people may take to come back too, in milliseconds. */
const SETTLE_MS = 7_000

const NOBODY: readonly LobbyMember[] = []

/** A room as the page shows it: what was said, who is here, and what is on its way. */
export class Conversation {
  readonly state: Store<ConversationState> = new Store<ConversationState>({
    standing: { kind: 'joining' },
    timeline: timeline.EMPTY,
    outbox: [],
    members: NOBODY,
    unread: 0,
    firstNew: null,
  })
  /** What is written and not sent. */
  draft = ''
  readonly #room: LobbyRoom
  readonly #ground: ConversationGround
  readonly #attendance: Attendance
  readonly #typing: Typing
  readonly #undos: Undo[] = []
  #lastRead: Position | null
  #watched = false
  #name: string
  #settling: Undo = () => {}
  #lastSend = 0
  /** How often the connection was lost. */
  #losses = 0

  constructor(room: LobbyRoom, name: string, ground: ConversationGround) {
    this.#room = room
    this.#name = name
    this.#ground = ground
    this.#lastRead = ground.lastRead
    this.#attendance = new Attendance(ground.self)
    this.#typing = new Typing(ground.clock, () => this.#show())
    this.#undos.push(
      room.on('message', (text, message) => this.#hear(text, message)),
      room.presence.subscribe((members) => this.#see(members)),
      room.subscribeState(() => this.#stand()),
      room.onGap((gap) => this.#miss(gap)),
    )
    room.joined.then(
      (answer) => this.#joined(answer),
      () => {},
    )
    this.#stand()
  }

  #stand(): void {
    const { state } = this.#room
    const before = this.state.get().standing.kind
    if (state.kind === 'left') {
      const refused = before === 'joining' && state.error !== null
      this.state.patch({ standing: { kind: 'out', why: state.reason, refused }, members: NOBODY })
      return
    }
    if (state.kind === 'rejoining') {
      this.#losses++
      this.#settling()
      this.#attendance.unsettle()
    } else if (state.kind === 'joined' && before === 'rejoining') {
      // Others may have lost the server as well, and come back within moments.
      this.#settling = this.#ground.clock.after(SETTLE_MS, () => this.#move(this.#attendance.settle()))
    }
    if (before !== state.kind) this.state.patch({ standing: { kind: state.kind } })
  }

  // After everything that came with the answer to the first join.
  #joined({ position }: JoinAnswer): void {
    this.#attendance.settle()
    if (position && position.offset > 0) void this.#readFirst()
  }

  /** Reads the newest messages, and finds those that were not seen in an earlier visit. */
  async #readFirst(): Promise<void> {
    const known = this.#lastRead
    await this.readOlder()
    const { timeline: line, unread } = this.state.get()
    const said = line.items.filter((item) => item.kind === 'said')
    const news = said.filter(
      ({ key, position: { epoch, offset } }) =>
        key !== this.#ground.self && epoch === known?.epoch && offset > known.offset,
    )
    this.state.patch({
      unread: this.#watched ? unread : Math.max(unread, news.length),
      firstNew: news[0]?.id ?? this.state.get().firstNew,
    })
    const last = said.at(-1)
    if (this.#watched && last) this.#read(last.position)
  }

  #see(members: readonly LobbyMember[]): void {
    this.state.patch({ members })
    this.#move(this.#attendance.see(members.map(({ key, meta }) => ({ key, name: meta.name }))))
  }

  #move(movements: readonly Movement[]): void {
    let { timeline: line } = this.state.get()
    for (const { kind, person } of movements) {
      line = timeline.move(line, person, kind, this.#ground.clock.now())
      if (this.#watched) this.#ground.announce(`${person.name} ${kind}`)
    }
    this.state.patch({ timeline: line })
  }

  #hear(text: string, message: Message<LobbySpec>): void {
    const said = toSaid(text, message)
    if (!said) return
    const own = said.key === this.#ground.self
    const before = this.state.get()
    let line = before.timeline
    if (message.recovered && !own) line = timeline.away(line, `away:${this.#losses}`)
    line = timeline.say(line, said)
    if (line === before.timeline) return
    const fresh = !own && !this.#isRead(said.position)
    this.state.patch({
      timeline: line,
      outbox: own ? outbox.seen(before.outbox, said) : before.outbox,
      ...(fresh && !this.#watched && { unread: before.unread + 1 }),
      // Whoever looks on sees it; and where it was missed meanwhile a line says so.
      ...(fresh && !this.#watched && before.firstNew === null && { firstNew: said.id }),
    })
    if (this.#watched) {
      this.#read(said.position)
      if (!own && !message.recovered) this.#ground.announce(`${said.name}: ${text}`)
    }
  }

  #miss({ reason, after, position }: Gap): void {
    if (!position) return
    this.state.patch({ timeline: timeline.miss(this.state.get().timeline, reason, after, position) })
    if (position.offset > 0) void this.readOlder(timeline.gapAt(position))
  }

  /** Reads older messages: in front of all, or behind a gap. */
  async readOlder(place: string | null = null): Promise<void> {
    const { timeline: line } = this.state.get()
    const before = timeline.readBefore(line, place, this.#room.position)
    if (!before || timeline.readingAt(line, place) === 'reading') return
    this.state.patch({ timeline: timeline.reading(line, place, 'reading') })
    try {
      const { messages, epoch, more } = await this.#room.history({ before: before.offset, limit: PAGE })
      // The log was replaced meanwhile: what stood here is nowhere any more.
      const page =
        epoch === before.epoch
          ? { epoch, more, said: messages.flatMap((message) => toSaid(message.payload, message) ?? []) }
          : { epoch: before.epoch, more: false, said: [] }
      this.state.patch({ timeline: timeline.read(this.state.get().timeline, place, page) })
    } catch {
      this.state.patch({ timeline: timeline.reading(this.state.get().timeline, place, 'failed') })
    }
  }

  /** Sends, and shows at once what is on its way. */
  send(text: string): void {
    const id = ++this.#lastSend
    this.state.patch({
      outbox: outbox.sending(this.state.get().outbox, id, text, this.#ground.clock.now()),
      firstNew: null,
    })
    this.#typing.stop()
    void this.#send(id, text)
  }

  async #send(id: number, text: string): Promise<void> {
    const change = (next: (before: outbox.Outbox) => outbox.Outbox) =>
      this.state.patch({ outbox: next(this.state.get().outbox) })
    try {
      const { position } = await this.#room.send('message', text)
      const { items } = this.state.get().timeline
      const isShown = (said: string) => items.some((item) => item.id === said)
      change((before) => outbox.sent(before, id, position, isShown))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      change((before) => outbox.failed(before, id, why, error instanceof UnknownOutcomeError))
    }
  }

  retry(id: number): void {
    const pending = this.state.get().outbox.find((each) => each.id === id)
    if (!pending) return
    this.discard(id)
    this.send(pending.text)
  }

  discard(id: number): void {
    this.state.patch({ outbox: outbox.dropped(this.state.get().outbox, id) })
  }

  /** Whether the room is looked at: in front, and the page is visible. */
  watch(watched: boolean): void {
    if (watched === this.#watched) return
    this.#watched = watched
    const { timeline: line } = this.state.get()
    if (watched) {
      const last = line.items.findLast((item) => item.kind === 'said')
      if (last?.kind === 'said') this.#read(last.position)
      this.state.patch({ unread: 0 })
    } else {
      this.state.patch({ firstNew: null })
      this.#typing.stop()
    }
  }

  /** Another tab has seen messages up to here. */
  readElsewhere(position: Position): void {
    if (this.#isRead(position)) return
    this.#lastRead = position
    const { items } = this.state.get().timeline
    const unread = items.filter(
      (item) => item.kind === 'said' && item.key !== this.#ground.self && !this.#isRead(item.position),
    )
    this.state.patch({ unread: unread.length, firstNew: unread[0]?.id ?? null })
  }

  #isRead({ epoch, offset }: Position): boolean {
    return this.#lastRead?.epoch === epoch && offset <= this.#lastRead.offset
  }

  #read(position: Position): void {
    if (this.#isRead(position)) return
    this.#lastRead = position
    this.#ground.read(position)
  }

  /** A key was pressed in the field. */
  type(): void {
    this.#typing.press()
  }

  rename(name: string): void {
    this.#name = name
    this.#show()
  }

  #show(): void {
    if (this.#room.state.kind === 'left') return
    const shown = this.#typing.on ? { name: this.#name, typing: true } : { name: this.#name }
    // It fails only if the room is left meanwhile, and then it does not matter.
    this.#room.presence.update(shown).catch(() => {})
  }

  /** Leaves the room. */
  close(): void {
    this.#typing.stop()
    this.#settling()
    for (const undo of this.#undos) undo()
    void this.#room.leave()
  }
}

function toSaid(text: string, { from, at, position }: MessageContext): timeline.Said | null {
  if (!position) return null
  const { key = '', name = 'Guest' } = from ?? {}
  return { kind: 'said', id: timeline.idOf(position), position, text, key, name: name || 'Guest', at }
}
