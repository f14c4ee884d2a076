import type { Gap, JoinAnswer, Message, RoomState, Sent } from '@rollcall/client'
import type { Clock, Position } from '@rollcall/core'
import type { LobbyMember, LobbyRoom, LobbySpec } from '../web/src/model/conversation.ts'

/** A clock that goes when it is told to. */
export class HandClock implements Clock {
  #now = 1_000_000
  readonly #tasks = new Set<{ at: number; run: () => void }>()

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): () => void {
    const task = { at: this.#now + ms, run }
    this.#tasks.add(task)
    return () => this.#tasks.delete(task)
  }

  soon(run: () => void): () => void {
    return this.after(0, run)
  }

  pass(ms: number): void {
    this.#now += ms
    for (const task of [...this.#tasks].sort((a, b) => a.at - b.at))
      if (task.at <= this.#now && this.#tasks.delete(task)) task.run()
  }
}

/** What was sent and is not answered yet. */
interface OpenSend {
  readonly text: string
  accept(offset: number): Promise<void>
  refuse(error: Error): Promise<void>
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

/** The client's room as a conversation sees it, played by the test. */
export class FakeRoom {
  state: RoomState = { kind: 'joining' }
  position: Position | null = null
  readonly sends: OpenSend[] = []
  /** What was shown to others, in order. */
  readonly shown: unknown[] = []
  /** Offsets that the log has: `history` answers from it. */
  log: readonly Message<LobbySpec>[] = []
  historyFails = false
  left = false
  readonly #messages = new Set<(text: string, message: Message<LobbySpec>) => void>()
  readonly #members = new Set<(members: readonly LobbyMember[]) => void>()
  readonly #states = new Set<(state: RoomState) => void>()
  readonly #gaps = new Set<(gap: Gap) => void>()
  #resolve: (answer: JoinAnswer) => void = () => {}
  readonly joined: Promise<JoinAnswer> = new Promise((resolve) => {
    this.#resolve = resolve
  })

  readonly presence = {
    subscribe: (listener: (members: readonly LobbyMember[]) => void) => add(this.#members, listener),
    update: async (meta: unknown) => void this.shown.push(meta),
  }

  /** For the code under test. */
  get room(): LobbyRoom {
    return this as unknown as LobbyRoom
  }

  on(_: 'message', listener: (text: string, message: Message<LobbySpec>) => void): () => void {
    return add(this.#messages, listener)
  }
  subscribeState(listener: (state: RoomState) => void): () => void {
    return add(this.#states, listener)
  }
  onGap(listener: (gap: Gap) => void): () => void {
    return add(this.#gaps, listener)
  }

  send(_: 'message', text: string): Promise<Sent> {
    return new Promise((resolve, reject) => {
      const answered = (answer: () => void) => {
        answer()
        return settled()
      }
      this.sends.push({
        text,
        accept: (offset) => answered(() => resolve({ position: { epoch: 'e', offset } })),
        refuse: (error) => answered(() => reject(error)),
      })
    })
  }

  async history({ before, limit }: { before: number; limit: number }) {
    if (this.historyFails) throw new Error('no')
    const older = this.log.filter(({ position }) => (position?.offset ?? 0) < before)
    return { epoch: 'e', messages: older.slice(-limit), more: older.length > limit }
  }

  async leave(): Promise<void> {
    this.left = true
  }

  // What the test lets happen

  turn(state: RoomState): void {
    this.state = state
    for (const listener of this.#states) listener(state)
  }
  /** The first join. */
  async enter(offset: number, ...names: readonly string[]): Promise<void> {
    this.position = { epoch: 'e', offset }
    this.turn({ kind: 'joined' })
    this.#resolve({ reply: null, position: this.position, recovery: 'fresh' })
    this.see(...names)
    await settled()
  }
  see(...names: readonly string[]): void {
    const members = names.map((name) => ({ key: name, meta: { name }, entries: [{ id: name, meta: { name } }] }))
    for (const listener of this.#members) listener(members)
  }
  hear(offset: number, key: string, { text = `${offset}`, recovered = false } = {}): void {
    const message = messageOf(offset, key, text, recovered)
    this.position = message.position
    for (const listener of this.#messages) listener(text, message)
  }
  async miss(gap: Gap): Promise<void> {
    this.position = gap.position
    for (const listener of this.#gaps) listener(gap)
    await settled()
  }
}

export function messageOf(offset: number, key: string, text = `${offset}`, recovered = false): Message<LobbySpec> {
  const from = { key, connection: `${key} 1`, name: key }
  const position = { epoch: 'e', offset }
  return { topic: 'room:x', event: 'message', payload: text, from, at: offset, position, recovered }
}

function add<T>(set: Set<T>, item: T): () => void {
  set.add(item)
  return () => set.delete(item)
}
