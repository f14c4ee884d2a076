import type { Meter } from '../machine/meter.ts'
import { textFrame } from './client-frame.ts'
import type { Connection, Listener } from './connection.ts'
import type { Crowd } from './crowd.ts'
import { NO_FRAME } from './frame-counter.ts'
import { payloadOf } from './payload.ts'
import { Score } from './room.ts'
import { measure, type WindowPlan, type WindowReport, waitFor } from './window.ts'

export interface CallsPlan extends WindowPlan {
  /** Calls under way on each connection. */
  readonly outstanding: number
  readonly payloadBytes: number
}

/** A connection that calls and calls. Answers come in the order of their calls. */
class Caller implements Listener {
  readonly #connection: Connection
  readonly #score: Score
  readonly #frame: (ref: number) => Buffer
  readonly #calledAt: Float64Array
  called = 0
  running = true

  constructor(connection: Connection, score: Score, outstanding: number, frame: (ref: number) => Buffer) {
    this.#connection = connection
    this.#score = score
    this.#frame = frame
    this.#calledAt = new Float64Array(outstanding)
    connection.received = 0
    connection.listener = this
  }

  get underWay(): number {
    return this.called - this.#connection.received
  }

  call(): void {
    this.#calledAt[this.called % this.#calledAt.length] = performance.now()
    this.called++
    // Ref 1 was the join's.
    this.#connection.write(this.#frame(this.called + 1))
  }

  counted(connection: Connection, answers: number): void {
    const now = performance.now()
    for (let i = 0; i < answers; i++) {
      const calledAt = this.#calledAt[(connection.received + i) % this.#calledAt.length] as number
      this.#score.latency.record((now - calledAt) * 1000)
    }
    connection.received += answers
    this.#score.deliveries += answers
    this.#score.messages += answers
    if (this.running) for (let i = 0; i < answers; i++) this.call()
  }

  joined(): void {}

  heard(): void {}

  closed(_connection: Connection, reason: string): void {
    this.#score.lost.push(reason)
  }
}

/** A closed loop of requests with replies. `deliveries` of the report are round trips. */
export async function calls(crowd: Crowd, meter: Meter, plan: CallsPlan): Promise<WindowReport> {
  const score = new Score()
  const payload = payloadOf(plan.payloadBytes)
  const { speech } = crowd
  const callers = crowd.members.map((member) => {
    member.counter.mark = speech.answer
    const frame = (ref: number): Buffer => textFrame(speech.call(member.topic, ref, payload))
    return new Caller(member, score, plan.outstanding, frame)
  })
  for (const caller of callers) for (let i = 0; i < plan.outstanding; i++) caller.call()
  const report = await measure(score, meter, plan)
  for (const caller of callers) caller.running = false
  const complete = await waitFor(() => callers.every((caller) => caller.underWay === 0), 10_000)
  for (const member of crowd.members) member.counter.mark = NO_FRAME
  if (score.lost.length > 0) throw new Error(`${score.lost.length} connections were lost: ${score.lost[0]}`)
  if (!complete) throw new Error('Not every call was answered within 10 s')
  return report
}
