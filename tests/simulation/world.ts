import type { Undo } from '@rollcall/core'
import {
  type Cluster,
  cluster,
  type History,
  history,
  type LogConditions,
  recordWire,
  type Seams,
  type WireRecorder,
} from '@rollcall/testkit'
import { allow, type Handlers, type RollcallOptions, refuse } from 'rollcall'
import { Person, textOf } from './person.ts'
import type { Step } from './plan.ts'
import { DEAD_MS, PING_MS, POSITION_MS, type Scenario, type SimulatedChannels, simulated } from './scenario.ts'
import { Truth } from './truth.ts'

/** What makes a server a faulty one, to see whether that is found. */
export interface Mutant {
  readonly seams?: Seams
  readonly options?: RollcallOptions
  /** The application bars people, and the server does not end their memberships. */
  readonly forgetsKicks?: boolean
}

/** A cluster with people in it, and what is done to it. */
export class World {
  readonly scenario: Scenario
  readonly cluster: Cluster<SimulatedChannels>
  readonly history: History
  readonly wire: WireRecorder
  readonly people: readonly Person[]
  readonly banned: Set<string> = new Set()
  /** What happened that must not, whatever the history says. */
  readonly broken: string[] = []
  readonly #truth: Truth
  readonly #undos = new Set<Undo>()
  readonly #forgetsKicks: boolean
  #values = 0
  #logsAway = 0

  constructor(scenario: Scenario, mutant: Mutant = {}) {
    this.scenario = scenario
    this.#forgetsKicks = mutant.forgetsKicks === true
    const { seed, nodes, logDelayMs, delayMs, jitterMs, windowBytes, clients, users, graceMs } = scenario
    this.cluster = cluster(simulated(scenario), this.#handlers(), {
      seed,
      nodes,
      conditions: { delayMs, jitterMs, windowBytes },
      bus: { delayMs: this.#busDelayMs, jitterMs: Math.min(jitterMs, 10) },
      logConditions: { delayMs: logDelayMs, jitterMs: logDelayMs },
      options: () => ({ ...serverOptions(scenario), ...mutant.options }),
      ...(mutant.seams && { seams: mutant.seams }),
    })
    const { clock } = this.cluster
    const start = clock.now()
    this.history = history(() => clock.now() - start)
    this.wire = recordWire(this.history, this.cluster.network, {
      value: textOf,
      volatile: (_, event) => event === 'moved',
    })
    this.#truth = new Truth(this.history)
    this.people = Array.from({ length: clients }, (_, i) => {
      const options = {
        history: this.history,
        truth: this.#truth,
        graceMs,
        broken: (what: string) => this.broken.push(what),
      }
      return new Person(this.cluster, { ...options, name: `c${i}`, user: `u${i % users}` })
    })
    this.cluster.network.observe((event) => {
      if (event.kind === 'dropped') this.people.find(({ name }) => name === event.client)?.shaken()
    })
  }

  #handlers(): Handlers<SimulatedChannels> {
    const handlers = {
      join: ({ topic, user }: { topic: string; user: { id: string } }) =>
        this.banned.has(`${topic}\n${user.id}`) ? refuse('banned') : allow(),
      say: ({ channel }: Speaking, text: string) => channel.emit('said', text),
      move: ({ channel }: Speaking, move: unknown) => channel.emit('moved', move),
      double: (_: unknown, n: number) => n * 2,
    }
    return {
      'room:{id}': handlers,
      'tiny:{id}': handlers,
      'hall:{id}': handlers,
    } as unknown as Handlers<SimulatedChannels>
  }

  // Nodes are near each other.
  get #busDelayMs(): number {
    return Math.min(this.scenario.delayMs, 5)
  }

  /** Does one step. */
  take(step: Step): void {
    if ('client' in step) {
      const person = this.people[step.client]
      if (person) this.#toPerson(person, step)
    } else this.#toNode(step)
  }

  #toPerson(person: Person, step: Step & { readonly client: number }): void {
    const member = 'topic' in step ? person.members.get(step.topic) : undefined
    switch (step.do) {
      case 'join':
        return person.join(step.topic, step)
      case 'leave':
        person.excuse(step.topic)
        void member?.room.leave()
        return
      case 'send':
        for (let i = 0; i < step.count; i++) void person.say(step.topic, step.padding)
        if (this.#logsAway > 0) this.#postpone()
        return
      case 'move':
        for (let i = 0; i < step.count; i++) {
          const value = person.nextValue()
          void member?.recorded.send('move', { key: person.user, value }, value, 'volatile')
        }
        return
      case 'call':
        member?.room.call('double', 21).then(
          (reply) => {
            if (reply !== 42) this.broken.push(`21 doubled is ${reply}`)
          },
          () => {},
        )
        return
      case 'page':
        if (!step.topic.startsWith('hall'))
          member?.room.history({ limit: step.limit }).then(
            ({ epoch, messages }) => {
              const read = messages.map(({ position, payload }) => [position?.offset ?? 0, textOf(payload)] as const)
              const [first = [1]] = read
              this.history.add({
                kind: 'read',
                topic: step.topic,
                epoch,
                first: first[0],
                top: read.at(-1)?.[0] ?? 0,
                messages: read,
              })
            },
            () => {},
          )
        return
      case 'show':
        if (!member) return
        member.seen = true
        member.room.presence.update({ n: this.#nextValue() }).catch(() => {})
        return
      case 'hide':
        if (!member) return
        person.excuse(step.topic)
        member.seen = false
        member.room.presence.untrack().catch(() => {})
        return
      case 'kick':
      case 'ban':
        return this.#expel(person.user, step.topic, step.do === 'ban')
      case 'close':
        return person.close()
      case 'kill':
        return person.kill()
      case 'reconnect':
        if (person.connected) person.client.reconnectNow()
        return
      case 'refresh':
        if (person.connected) person.client.refresh().catch(() => {})
        return
      default:
        return this.#toLink(person, step)
    }
  }

  #toLink(person: Person, step: Step & { readonly client: number }): void {
    const link = this.cluster.link(person.name)
    const effect = link.connections
    const fault = (target = person.name) => this.history.add({ kind: 'fault', fault: step.do, target, effect })
    fault()
    person.shaken()
    if (step.do === 'cut' || step.do === 'halfOpen') person.doubtful = true
    switch (step.do) {
      case 'cut':
        link.cut()
        return
      case 'halfOpen':
        link.halfOpen(step.believes)
        return
      case 'stall':
        return this.#lasting(person, step.forMs, link.stall(step.directions))
      case 'refuse':
        return this.#lasting(person, step.forMs, link.refuse())
      case 'slow':
        return this.#lasting(person, step.forMs, link.slowReader(step.bytesPerSecond))
      case 'sleep': {
        const host = this.cluster.network.host(person.name)
        host.sleep()
        return this.#lasting(person, step.forMs, () => {
          host.wake()
          if (step.wakes && person.connected) person.client.reconnectNow()
        })
      }
      default:
    }
  }

  #lasting(person: Person | null, forMs: number, undo: Undo): void {
    if (person) person.faults++
    const heal = () => {
      if (!this.#undos.delete(heal)) return
      undo()
      if (!person) return
      person.faults--
      person.settled()
    }
    this.#undos.add(heal)
    this.cluster.clock.after(forMs, heal)
  }

  #bus({ drop, delayMs, forMs }: Step & { readonly do: 'bus' }): void {
    this.history.add({ kind: 'fault', fault: 'bus', target: 'all nodes', effect: 1 })
    // Whom a node has not heard of in time it does not show.
    if (drop > 0 || delayMs > 20) this.#truth.giveUp()
    const { network } = this.cluster
    network.setBus({ drop, delayMs })
    this.#lasting(null, forMs, () => network.setBus({ drop: 0, delayMs: this.#busDelayMs }))
  }

  #toNode(step: Exclude<Step, { readonly client: number }>): void {
    if (step.do === 'bus') return this.#bus(step)
    const node = this.cluster.nodes[step.node]
    if (!node) return
    if (step.do === 'emit') {
      if (!node.running) return
      for (let i = 0; i < step.count; i++) this.#emit(step.node, step.topic)
      return
    }
    this.history.add({ kind: 'fault', fault: step.do, target: node.name, effect: node.running ? 1 : 0 })
    if (!node.running) return
    this.#truth.excuseAll()
    switch (step.do) {
      case 'crash':
        node.crash(step.peers)
        if (step.log === 'lost' && this.cluster.nodes.every(({ running }) => !running)) {
          this.cluster.loseLog()
          this.history.add({ kind: 'fault', fault: 'log_lost', target: node.name, effect: 1 })
        }
        return this.#lasting(null, step.forMs, () => node.start())
      case 'stop':
        void node.stop()
        return this.#lasting(null, step.forMs, () => node.start())
      case 'suspend':
        return this.#lasting(null, step.forMs, node.suspend())
      case 'split': {
        this.#truth.giveUp()
        const others = this.cluster.nodes.filter((other) => other !== node).map(({ name }) => name)
        return this.#lasting(null, step.forMs, this.cluster.network.partition([node.name], others))
      }
      case 'logAway':
        return this.#logAway(node.logConditions, step.forMs)
      case 'logMute':
        node.logConditions.loseAnswers = step.share
        return this.#lasting(null, step.forMs, healed(node.logConditions))
      case 'feedLoss':
        node.logConditions.loseFeed = step.share
        return this.#lasting(null, step.forMs, healed(node.logConditions))
      default:
    }
  }

  #logAway(conditions: LogConditions, forMs: number): void {
    conditions.unavailable = true
    this.#logsAway++
    this.#postpone()
    this.#lasting(null, forMs, () => {
      this.#logsAway--
      conditions.unavailable = false
    })
  }

  // What is refused while a log is away is sent again by itself, behind what was accepted when it was back.
  #postpone(): void {
    for (const { pending } of this.people)
      for (const [value, topic] of pending) this.history.add({ kind: 'postponed', topic, value })
  }

  #emit(index: number, topic: string): void {
    const node = this.cluster.nodes[index]
    const value = `n${index}-${this.#nextValue()}`
    this.history.add({ kind: 'send', by: value, topic, value })
    node?.app
      .channel(topic as 'room:a')
      .emit('said', value)
      .then(
        ({ position }) => this.history.add({ kind: 'accepted', topic, value, position }),
        (error: { code?: string }) =>
          this.history.add({ kind: error.code === 'internal' ? 'unknown' : 'refused', topic, value }),
      )
  }

  #expel(user: string, topic: string, forGood: boolean): void {
    this.#truth.excuse(topic, user)
    if (forGood) {
      this.banned.add(`${topic}\n${user}`)
      this.history.add({ kind: 'barred', topic, user })
    }
    if (this.#forgetsKicks) return
    for (const node of this.cluster.nodes)
      if (node.running)
        node.app
          .channel(topic as 'room:a')
          .kick({ user })
          .catch((error) => this.broken.push(String(error)))
  }

  #nextValue(): number {
    return ++this.#values
  }

  /** Ends every fault: from now on nothing is broken. */
  heal(): void {
    for (const undo of [...this.#undos]) undo()
    this.cluster.network.setBus({ drop: 0, duplicate: 0, reorder: 0 })
  }
}

function healed(conditions: LogConditions): Undo {
  return () => void Object.assign(conditions, { unavailable: false, loseAnswers: 0, loseFeed: 0 })
}

interface Speaking {
  readonly channel: { emit(event: string, payload: unknown): Promise<unknown> }
}

function serverOptions(scenario: Scenario): RollcallOptions {
  const { outboxBytes, volatileBytes, pageMessages, maxBufferedBytes, graceMs, resumeMs } = scenario
  return {
    authenticate: ({ credentials }) => ({ id: (credentials as { user: string }).user }),
    limits: { outboxBytes, volatileBytes, messagesPerSecond: 10_000, messageBurst: 10_000 },
    catchUp: { pageMessages, maxBufferedBytes },
    pingMs: PING_MS,
    deadMs: DEAD_MS,
    positionMs: POSITION_MS,
    graceMs,
    resumeMs,
  }
}
