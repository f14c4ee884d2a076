import type { Clock, Delivery, Variant } from '@rollcall/core'
import { Broadcast } from '../../src/hub/broadcast.ts'
import type { Frame, Run } from '../../src/hub/frame.ts'
import { Outbox, type OutboxLimits } from '../../src/hub/outbox.ts'
import type { Sharing, Subscriber } from '../../src/hub/subscriber.ts'
import { Turn } from '../../src/hub/turn.ts'
import type { Transport } from '../../src/transport/transport.ts'

/** A clock whose turn ends when the test says so. */
export class TurnClock implements Clock {
  time = 0
  #tasks: (() => void)[] = []
  #timers: { at: number; task: () => void }[] = []

  now(): number {
    return this.time
  }
  soon(task: () => void): () => void {
    this.#tasks.push(task)
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task)
    }
  }
  after(ms: number, task: () => void): () => void {
    const timer = { at: this.time + ms, task }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }
  /** The turn ends: once, or until nothing is left for its end. */
  end(): void {
    while (this.#tasks.length > 0) {
      const tasks = this.#tasks
      this.#tasks = []
      for (const task of tasks) task()
    }
  }
  advance(ms: number): void {
    this.time += ms
    const due = this.#timers.filter(({ at }) => at <= this.time).sort((a, b) => a.at - b.at)
    this.#timers = this.#timers.filter(({ at }) => at > this.time)
    for (const { task } of due) task()
    this.end()
  }
}

/** A transport that keeps what it is given, and holds it back while `stalled`. */
export class KeepingTransport implements Transport {
  readonly texts: string[] = []
  readonly writes: Run[] = []
  stalled = false
  bufferedBytes = 0
  closedWith: number | null = null

  write(run: Run): void {
    this.writes.push(run)
    for (const { payloads } of run.frames) for (const payload of payloads) this.texts.push(String(payload))
    if (this.stalled) this.bufferedBytes += run.byteLength
  }
  close(code: number): void {
    this.closedWith = code
  }
  destroy(): void {}
  pause(): void {}
  resume(): void {}
}

/** One connection with its outbox, and places in groups. */
export class Client {
  readonly transport: KeepingTransport = new KeepingTransport()
  readonly outbox: Outbox
  tooSlow = 0
  roomy = 0

  constructor(turn: Turn, limits: OutboxLimits = { bytes: 1 << 20, volatileBytes: 1 << 16 }) {
    this.outbox = new Outbox(this.transport, turn, limits, {
      tooSlow: () => this.tooSlow++,
      hasRoom: () => this.roomy++,
    })
  }

  place(overflowed: (frames: readonly Frame[]) => readonly Frame[] | null = () => null): Subscriber {
    return { outbox: this.outbox, index: -1, group: null as Sharing | null, overflowed }
  }
}

export const variant = (id: string): Variant => ({
  id,
  message: ({ payload }) => `${id}:${payload}`,
  presence: () => null,
  count: () => null,
  position: () => null,
})

export function message(topic: string, payload: string, kind: Partial<Broadcast['kind']> = {}): Broadcast {
  const delivery: Delivery = { topic, event: 'm', payload, from: null, at: 0, position: null }
  return new Broadcast(delivery, { offset: 0, volatile: false, key: null, roster: false, ...kind })
}

export function turnOf(clock: Clock): Turn {
  return new Turn(clock)
}
