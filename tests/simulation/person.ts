import type { Client, Room } from '@rollcall/client'
import type { Position } from '@rollcall/core'
import { type Cluster, type History, type RecordedRoom, recordRoom } from '@rollcall/testkit'
import type { SimulatedChannels, SimulatedSpec } from './scenario.ts'
import { BACKOFF } from './scenario.ts'
import type { Truth } from './truth.ts'

/** A membership of a person, as the person knows it. */
export interface Member {
  readonly topic: string
  readonly room: Room<SimulatedSpec>
  readonly recorded: RecordedRoom<SimulatedSpec>
  /** Whether it is to be seen. */
  seen: boolean
}

export interface PersonOptions {
  readonly name: string
  readonly user: string
  readonly graceMs: number
  readonly history: History
  readonly truth: Truth
  /** Something happened that must not. */
  readonly broken: (what: string) => void
}

/** Someone with a client: lives as long as the simulation, while its clients come and go. */
export class Person {
  readonly name: string
  readonly user: string
  readonly members: Map<string, Member> = new Map()
  /** What it said and has no answer to, with its topic. */
  readonly pending: Map<string, string> = new Map()
  /** Where each visit ended. */
  readonly visits: Map<string, Position> = new Map()
  /** How many faults last on its link. */
  faults = 0
  /** Its connection is broken, though it may not know. */
  doubtful = false
  readonly #cluster: Cluster<SimulatedChannels>
  readonly #options: PersonOptions
  #client: Client<SimulatedChannels> | null = null
  #lives = 0
  #memberships = 0
  #values = 0
  /** How often something happened to its connection. */
  #shakes = 0
  /** Whether it may be closed for good. */
  #done = false

  constructor(cluster: Cluster<SimulatedChannels>, options: PersonOptions) {
    this.#cluster = cluster
    this.#options = options
    this.name = options.name
    this.user = options.user
  }

  /** Its client, made anew if the last one is gone. */
  get client(): Client<SimulatedChannels> {
    if (this.#client) return this.#client
    this.#lives++
    this.#done = false
    const client = this.#cluster.client(this.name, { credentials: { user: this.user }, backoff: BACKOFF })
    client.subscribeState((state) => {
      if (state.kind !== 'open') this.shaken()
      if (state.kind === 'closed' && !this.#done)
        this.#options.broken(`${this.name} was closed for good: ${state.reason} (${state.code})`)
    })
    client.onInvalid(({ issues }) => this.#options.broken(`${this.name} got something invalid: ${issues}`))
    this.#client = client
    return client
  }

  /** Whether it has a client. */
  get connected(): boolean {
    return this.#client !== null
  }

  /** Says something in a room that it is in; what was said before and is not answered yet is in `pending`. */
  say(topic: string, padding = 0): Promise<void> | undefined {
    const value = this.nextValue()
    const text = padding > 0 ? `${value} ${'.'.repeat(padding)}` : value
    const sending = this.members.get(topic)?.recorded.send('say', text, value)
    if (!sending) return undefined
    this.pending.set(value, topic)
    return sending.finally(() => this.pending.delete(value))
  }

  nextValue(): string {
    return `${this.name}-${++this.#values}`
  }

  join(topic: string, asked: { seen: boolean; last?: number | undefined; again: boolean }): void {
    if (this.members.has(topic)) return
    const { history, truth } = this.#options
    const { seen, again } = asked
    const kept = !topic.startsWith('hall')
    const position = again && kept ? this.visits.get(topic) : undefined
    const last = kept ? asked.last : undefined
    const room = this.client.join(topic as 'room:a', {
      ...(seen && { presence: { n: 0 } }),
      ...(position ? { position } : last !== undefined && { last }),
    }) as unknown as Room<SimulatedSpec>
    const recorded = recordRoom(history, room, {
      who: `${this.name}#${++this.#memberships}`,
      by: `${this.name}/${this.#lives}`,
      user: this.user,
      events: ['said', 'moved'],
      volatile: ['moved'],
      ...(position === undefined && last !== undefined && { last }),
      value: (payload) => textOf(payload),
    })
    const shakes = this.#shakes
    const member: Member = { topic, room, recorded, seen }
    this.members.set(topic, member)
    room.subscribeState(({ kind }) => {
      if (kind === 'rejoining') this.shaken()
      if (kind !== 'joined') return
      this.doubtful = false
      this.settled()
      // It may have been let in before, and be gone again, without having heard of it.
      if (this.faults > 0 || this.#shakes !== shakes) this.excuse(topic)
      else if (member.seen) truth.shown(topic, this.user)
    })
    room.onLeft(() => {
      if (room.position) this.visits.set(topic, room.position)
      if (this.members.get(topic) === member) this.members.delete(topic)
      recorded.stop()
    })
  }

  /** Something happened to its connection. */
  shaken(): void {
    const { truth, graceMs } = this.#options
    this.#shakes++
    truth.shaky(this.name, this.#cluster.clock, graceMs, () => this.excuse())
  }

  /** Perhaps all is well again. */
  settled(): void {
    const well = [...this.members.values()].every(({ room }) => room.state.kind === 'joined')
    if (this.faults === 0 && !this.doubtful && well && this.#client?.state.kind === 'open')
      this.#options.truth.steady(this.name)
  }

  /** Its entries may be gone from now on. */
  excuse(topic?: string): void {
    for (const member of topic === undefined ? this.members.keys() : [topic])
      this.#options.truth.excuse(member, this.user)
  }

  close(): void {
    this.excuse()
    this.#done = true
    void this.#client?.close()
    this.#client = null
  }

  /** Its program is killed. */
  kill(): void {
    const { history } = this.#options
    this.excuse()
    this.#done = true
    this.#client = null
    this.#cluster.network.crash(this.name, 'reset')
    for (const { recorded, room, topic } of this.members.values()) {
      if (room.state.kind !== 'joining') history.add({ kind: 'lost', who: recorded.who, topic })
      recorded.stop()
    }
    this.members.clear()
  }
}

/** The unique text in what is delivered. */
export function textOf(payload: unknown): string {
  const text = typeof payload === 'string' ? payload : (payload as { value: string }).value
  const end = text.indexOf(' ')
  return end < 0 ? text : text.slice(0, end)
}
