import { connect } from '@rollcall/client'
import { check, type History, history, type Members, type Report } from '@rollcall/testkit'
import { until } from '../../support/until.ts'
import { application } from './application.ts'
import { nativePerson } from './native-person.ts'
import { type Person, talk } from './person.ts'
import { phoenixPerson } from './phoenix-person.ts'
import { socketIoPerson } from './socket-io-person.ts'
import { Stage, type StageOptions } from './stage.ts'

const TOPICS = ['room:a', 'room:b', 'room:c']

/** Milliseconds of a clock that all processes of this machine share. */
export const now = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export interface WorldOptions extends StageOptions {
  readonly natives?: number
  readonly socketIos?: number
  readonly phoenixes?: number
  /** Whether some of the last two kinds poll. */
  readonly polls?: boolean
  /** How often each says something, in milliseconds. */
  readonly sayMs?: number
}

/** What the checker found, and what it cannot know. */
export interface Verdict extends Report {
  /** How long it took until everybody was here and seen, from the healing on. */
  readonly convergedMs: number
  readonly troubles: readonly string[]
}

/** A stage with people on it who talk, and the history of all that happens. */
export class World {
  readonly stage: Stage
  readonly history: History
  readonly people: readonly Person[]
  #talks: (() => Promise<void>)[] = []
  readonly #troubles: string[] = []
  readonly #sayMs: number

  private constructor(stage: Stage, options: WorldOptions) {
    const { natives = 18, socketIos = 3, phoenixes = 3, polls = false, sayMs = 150 } = options
    this.stage = stage
    this.history = history(now)
    this.#sayMs = sayMs
    const kinds = [
      ...Array.from({ length: natives }, () => nativePerson),
      ...Array.from({ length: socketIos }, () => socketIoPerson),
      ...Array.from({ length: phoenixes }, () => phoenixPerson),
    ]
    this.people = kinds.map((come, i) =>
      come({
        url: stage.url,
        history: this.history,
        user: `user-${i}`,
        polls: polls && i % 2 === 1,
        // People come in turn to the nodes: those of a topic must be at all of them.
        topic: TOPICS[Math.floor(i / stage.nodes.length) % TOPICS.length] ?? '',
      }),
    )
  }

  /** Sets the stage, lets everybody in, and lets them talk. */
  static async open(options: WorldOptions = {}): Promise<World> {
    const stage = await Stage.open(options)
    const world = new World(stage, options)
    try {
      await world.everybodyHere()
    } catch (error) {
      await world.close()
      throw error
    }
    world.#talks = world.people.map((person) => talk(person, world.#sayMs))
    return world
  }

  async everybodyHere(deadlineMs = 30_000): Promise<void> {
    const absent = () => this.people.filter(({ here }) => !here)
    await until(() => absent().length === 0, { deadlineMs, what: 'everybody to be here' }).catch((error) => {
      const who = absent().map(({ user, speaks }) => `${user} (${speaks})`)
      throw new Error(`Not here: ${who.join(', ')}\n${this.output()}`, { cause: error })
    })
  }

  /** Something is broken from now on; `effect` says whether it did anything. */
  fault(fault: string, target: string, effect = 1): void {
    this.history.add({ kind: 'fault', fault, target, effect })
  }

  /** What a person must see of its topic. */
  expected(topic: string, n: (i: number) => number): Members {
    return Object.fromEntries(
      this.people.flatMap(({ user, topic: at }, i) => (at === topic ? [[user, [{ n: n(i) }]]] : [])),
    )
  }

  /** Ends the talking; resolves when everything has its outcome. */
  async hush(): Promise<void> {
    await Promise.all(this.#talks.splice(0).map((stop) => stop()))
  }

  /**
   * Waits until all is well again, and measures how long that takes; then everybody shows a new state and says one thing
   * more, all of which must succeed. Answers what the checker finds.
   */
  async settle({ convergeMs = 30_000 } = {}): Promise<Verdict> {
    const from = now()
    await Promise.all(this.stage.nodes.map((node) => this.stage.healthy(node, convergeMs)))
    await this.everybodyHere(convergeMs)
    await this.#until(() => this.#differences(() => 0).length === 0, convergeMs)
    const convergedMs = now() - from
    for (const difference of this.#differences(() => 0)) this.#troubles.push(`After ${convergeMs} ms ${difference}`)
    await this.hush()
    this.history.add({ kind: 'quiet' })
    for (const [i, person] of this.people.entries()) person.show(i + 1)
    await Promise.all(this.people.map((person) => person.say(`${person.user}-last`)))
    await this.#until(() => this.#differences((i) => i + 1).length === 0 && this.#caughtUp(), 20_000)
    for (const topic of TOPICS) {
      this.history.add({ kind: 'expected', topic, members: this.expected(topic, (i) => i + 1) })
      for (const person of this.people)
        if (person.topic === topic)
          this.history.add({ kind: 'seen', topic, who: person.user, members: person.members() })
    }
    await this.#readAll()
    return { ...check(this.history.records), convergedMs, troubles: this.#troubles }
  }

  // What does not come about is for the checker to name.
  async #until(condition: () => boolean, deadlineMs: number): Promise<void> {
    await until(condition, { deadlineMs }).catch(() => {})
  }

  /** Who sees others than are there. */
  #differences(n: (i: number) => number): string[] {
    return this.people.flatMap((person) => {
      const [seen, there] = [sorted(person.members()), sorted(this.expected(person.topic, n))]
      return seen === there ? [] : [`${person.user} (${person.speaks}) sees ${seen} and not ${there}`]
    })
  }

  #caughtUp(): boolean {
    const last = new Map<string, Set<string>>()
    for (const record of this.history.records.slice(-5_000))
      if (record.kind === 'deliver' && record.value.endsWith('-last')) {
        const who = record.who.split('#')[0] ?? ''
        last.set(who, (last.get(who) ?? new Set()).add(record.value))
      }
    return this.people.every(
      ({ user, topic }) => (last.get(user)?.size ?? 0) >= this.people.filter((person) => person.topic === topic).length,
    )
  }

  async #readAll(): Promise<void> {
    for (const topic of TOPICS) await this.#read(topic as 'room:a')
  }

  /** Reads a whole log as somebody who comes new. */
  async #read(topic: 'room:a'): Promise<void> {
    const client = connect(application, this.stage.url, { credentials: { user: 'reader' } })
    const room = client.join(topic)
    const { position } = await room.joined
    const messages: (readonly [number, string])[] = []
    for (let more = true; more; ) {
      const before = messages[0]?.[0]
      const page = await room.history({ limit: 100, ...(before !== undefined && { before }) })
      messages.unshift(...page.messages.map((read) => [read.position?.offset ?? 0, String(read.payload)] as const))
      more = page.more
    }
    const top = position?.offset ?? 0
    const first = messages[0]?.[0] ?? top + 1
    this.history.add({ kind: 'read', topic, epoch: position?.epoch ?? '', first, top, messages })
    await client.close()
  }

  /** What the nodes had to say. */
  output(): string {
    return this.stage.nodes.map(({ name, program }) => `${name}:\n${program.output()}`).join('\n')
  }

  async close(): Promise<void> {
    await this.hush().catch(() => {})
    await Promise.all(this.people.map((person) => person.close()))
    await this.stage.close()
  }
}

function sorted(members: Members): string {
  return JSON.stringify(
    Object.entries(members)
      .map(([key, metas]) => [key, metas.map((meta) => JSON.stringify(meta)).sort()])
      .sort(([a], [b]) => String(a).localeCompare(String(b))),
  )
}
