import type { Clock, Undo } from '@rollcall/core'
import type { Broker } from '../broker/broker.ts'
import { CLUSTER_VERSION, decodeMessage, encodeMessage, foreignVersion } from './message.ts'

export interface NodesOptions {
  /** A sign of life this often, in milliseconds. Default 1,000. */
  readonly beatMs: number
  /** A node that was silent this long is down, in milliseconds. Default 5,000. */
  readonly downMs: number
  /** What is known of a node that stays down is forgotten after this, in milliseconds. Default 60,000. */
  readonly forgetMs: number
  /** How long another node may take to answer, in milliseconds. Default 1,000. */
  readonly askMs: number
}

export const NODES_DEFAULTS: NodesOptions = { beatMs: 1_000, downMs: 5_000, forgetMs: 60_000, askMs: 1_000 }

export type NodeChange =
  /** Heard for the first time, or again after it was down. */
  | 'up'
  /** Silent for too long. It may come back. */
  | 'down'
  /** It said goodbye, or is forgotten: it never comes back under this id. */
  | 'gone'

const SUBJECT = 'node:beat'

/** Which other nodes there are: each beats, and says goodbye when it stops. */
export class Nodes {
  readonly #broker: Broker
  readonly #clock: Clock
  readonly #options: NodesOptions
  readonly #heardAt = new Map<string, number>()
  readonly #down = new Set<string>()
  readonly #foreignTold = new Set<number>()
  readonly #report: (what: string, error: unknown) => void
  readonly #listeners = new Set<(node: string, change: NodeChange) => void>()
  #unsubscribe: Undo | null = null
  #timer: Undo | null = null
  #judging: Undo | null = null
  #beatAt = 0
  #stopped = false

  constructor(
    broker: Broker,
    clock: Clock,
    options: NodesOptions,
    report: (what: string, error: unknown) => void = () => {},
  ) {
    this.#broker = broker
    this.#clock = clock
    this.#options = options
    this.#report = report
  }

  /** This node's own id. */
  get self(): string {
    return this.#broker.node
  }

  async start(): Promise<void> {
    this.#unsubscribe = await this.#broker.subscribe(SUBJECT, (bytes, from) => this.#heard(bytes, from))
    this.#beat(true)
    this.#beatAt = this.#clock.now()
    this.#tick()
  }

  /** The nodes that are up, without this one. */
  others(): string[] {
    return [...this.#heardAt.keys()].filter((node) => !this.#down.has(node))
  }

  isUp(node: string): boolean {
    return this.#heardAt.has(node) && !this.#down.has(node)
  }

  onChange(listener: (node: string, change: NodeChange) => void): Undo {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  ask(node: string, subject: string, bytes: Uint8Array): Promise<Uint8Array> {
    return this.#broker.ask(node, subject, bytes, this.#options.askMs)
  }

  /** Says goodbye: the others let this node's members go at once. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#timer?.()
    this.#judging?.()
    this.#unsubscribe?.()
    this.#broker.publish(SUBJECT, encodeMessage({ bye: true }))
  }

  #beat(hello: boolean): void {
    this.#broker.publish(SUBJECT, encodeMessage(hello ? { hello } : {}))
  }

  #heard(bytes: Uint8Array, from: string): void {
    const message = decodeMessage(bytes)
    if (this.#stopped) return
    if (!message) return this.#foreign(bytes, from)
    if (message.bye === true) {
      this.#forget(from)
      return
    }
    this.alive(from)
    // A newcomer learns of us at once, not with our next beat.
    if (message.hello === true) this.#beat(false)
  }

  // Told once a version: whoever replaces nodes is to know that he has skipped one.
  #foreign(bytes: Uint8Array, from: string): void {
    const version = foreignVersion(bytes)
    if (version === null || this.#foreignTold.has(version)) return
    this.#foreignTold.add(version)
    const what = `speaks version ${version} of the words between nodes, this node ${CLUSTER_VERSION}`
    this.#report(
      'Nodes do not understand each other',
      new Error(`Node ${from} ${what}: replace nodes by those of the next version, then by those of the one after`),
    )
  }

  /** Another node has said something, whatever it was: from now on its silence is noticed. */
  alive(node: string): void {
    if (this.#stopped) return
    const known = this.#heardAt.has(node)
    this.#heardAt.set(node, this.#clock.now())
    if (this.#down.delete(node) || !known) this.#tell(node, 'up')
  }

  #tick(): void {
    const now = this.#clock.now()
    const slept = this.#hasSlept(now)
    this.#beatAt = now
    if (slept) for (const node of this.#heardAt.keys()) this.#heardAt.set(node, now)
    this.#beat(slept)
    this.#timer = this.#clock.after(this.#options.beatMs, () => this.#tick())
    this.#judge(now)
  }

  // Silence that we slept through says nothing about the others: after a pause of our own they get a new chance.
  #hasSlept(now: number): boolean {
    return now - this.#beatAt > this.#options.beatMs * 3
  }

  // Once a beat, and in between when the silence of one becomes too long.
  #judge(now: number): void {
    const { beatMs, downMs, forgetMs } = this.#options
    let soonest = Number.POSITIVE_INFINITY
    for (const [node, heardAt] of this.#heardAt) {
      if (now - heardAt >= forgetMs) this.#forget(node)
      else if (this.#down.has(node)) continue
      else if (now - heardAt >= downMs) {
        this.#down.add(node)
        this.#tell(node, 'down')
      } else soonest = Math.min(soonest, heardAt + downMs - now)
    }
    this.#judging?.()
    this.#judging = soonest < beatMs ? this.#clock.after(soonest, () => this.#judgeAgain()) : null
  }

  #judgeAgain(): void {
    const now = this.#clock.now()
    if (!this.#hasSlept(now)) return this.#judge(now)
    this.#timer?.()
    this.#tick()
  }

  #forget(node: string): void {
    this.#down.delete(node)
    if (this.#heardAt.delete(node)) this.#tell(node, 'gone')
  }

  #tell(node: string, change: NodeChange): void {
    for (const listener of this.#listeners) listener(node, change)
  }
}
