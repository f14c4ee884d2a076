import { type Frame, Kind } from './frame.ts'
import type { Line } from './line.ts'

/** A worker as the primary knows it. */
interface Seat {
  readonly node: string
  readonly line: Line
  readonly subjects: Set<string>
  readonly services: Set<string>
  /** Its open questions: its own id of each, and the primary's. */
  readonly asking: Map<number, number>
  /** Whether messages for it are being let go. */
  behind: boolean
}

/** A question that was put and is not answered. */
interface Question {
  readonly asker: Seat
  readonly id: number
  readonly to: Seat
}

export interface SwitchboardOptions {
  /** Hears of workers that do not keep up. */
  readonly report: (what: string) => void
}

/**
 * The primary's side of the workers' broker: knows who is interested in what, and passes frames on. Nothing waits for a
 * worker: what one that does not read would be told is let go when its line is full, and questions to it reach nobody.
 */
export class Switchboard {
  readonly #report: (what: string) => void
  readonly #seats = new Map<string, Seat>()
  readonly #interests = new Map<string, Set<Seat>>()
  readonly #providers = new Map<string, Seat[]>()
  readonly #questions = new Map<number, Question>()
  #lastQuestion = 0
  #turn = 0

  constructor({ report }: SwitchboardOptions) {
    this.#report = report
  }

  /** Takes a line in use. Answers what hears it. */
  connect(line: Line): { heard(frame: Frame): void; ended(): void } {
    let seat: Seat | null = null
    return {
      heard: (frame) => {
        if (seat) this.#heard(seat, frame)
        else if (frame.kind === Kind.hello) seat = this.#enter(frame.node, line)
      },
      ended: () => {
        if (seat) this.#leave(seat)
      },
    }
  }

  #enter(node: string, line: Line): Seat {
    const seat: Seat = { node, line, subjects: new Set(), services: new Set(), asking: new Map(), behind: false }
    this.#seats.set(node, seat)
    this.#tellPeers()
    return seat
  }

  #tellPeers(): void {
    const nodes = [...this.#seats.keys()]
    for (const { node, line } of this.#seats.values()) {
      const peers = nodes.filter((other) => other !== node)
      line.send(Kind.peers, 0, '', '', Buffer.from(JSON.stringify(peers)))
    }
  }

  #heard(seat: Seat, frame: Frame): void {
    const { kind, id, subject } = frame
    switch (kind) {
      case Kind.message:
        this.#pass(seat, frame)
        break
      case Kind.sync:
        seat.line.forward(frame.raw)
        break
      case Kind.subscribe:
        this.#subscribe(seat, subject)
        break
      case Kind.unsubscribe:
        this.#unsubscribe(seat, subject)
        break
      case Kind.provide:
        seat.services.add(subject)
        this.#providers.set(subject, [...(this.#providers.get(subject) ?? []), seat])
        break
      case Kind.withdraw:
        this.#withdraw(seat, subject)
        break
      case Kind.ask:
        this.#ask(seat, frame, this.#seats.get(frame.node), Kind.asked)
        break
      case Kind.request:
        this.#ask(seat, frame, this.#provider(subject), Kind.requested)
        break
      case Kind.answered:
      case Kind.nobody:
      case Kind.failed:
        this.#answer(seat, frame)
        break
      case Kind.forget:
        this.#forget(seat, id)
        break
    }
  }

  #pass(from: Seat, { subject, raw }: Frame): void {
    const interested = this.#interests.get(subject)
    if (!interested) return
    for (const seat of interested) {
      if (seat === from) continue
      if (seat.line.full) this.#drop(seat)
      else {
        seat.behind = false
        seat.line.forward(raw)
      }
    }
  }

  #drop(seat: Seat): void {
    if (seat.behind) return
    seat.behind = true
    this.#report(`A worker (node ${seat.node}) does not keep up: it misses messages of channels without history`)
  }

  #subscribe(seat: Seat, subject: string): void {
    seat.subjects.add(subject)
    const interested = this.#interests.get(subject)
    if (interested) interested.add(seat)
    else this.#interests.set(subject, new Set([seat]))
  }

  #unsubscribe(seat: Seat, subject: string): void {
    seat.subjects.delete(subject)
    const interested = this.#interests.get(subject)
    if (interested?.delete(seat) && interested.size === 0) this.#interests.delete(subject)
  }

  #withdraw(seat: Seat, service: string): void {
    seat.services.delete(service)
    const left = (this.#providers.get(service) ?? []).filter((other) => other !== seat)
    if (left.length > 0) this.#providers.set(service, left)
    else this.#providers.delete(service)
  }

  // In turn, but past those who do not read.
  #provider(service: string): Seat | undefined {
    const providers = this.#providers.get(service) ?? []
    for (let i = 0; i < providers.length; i++) {
      const provider = providers[this.#turn++ % providers.length]
      if (provider && !provider.line.full) return provider
    }
    return undefined
  }

  #ask(asker: Seat, { id, subject, payload }: Frame, to: Seat | undefined, kind: number): void {
    if (!to || to.line.full) {
      asker.line.send(Kind.nobody, id)
      return
    }
    this.#lastQuestion = (this.#lastQuestion + 1) >>> 0
    this.#questions.set(this.#lastQuestion, { asker, id, to })
    asker.asking.set(id, this.#lastQuestion)
    to.line.send(kind, this.#lastQuestion, subject, asker.node, payload)
  }

  #answer(from: Seat, { kind, id, payload }: Frame): void {
    const question = this.#questions.get(id)
    if (question?.to !== from) return
    this.#settle(id, question)
    question.asker.line.send(kind, question.id, '', '', payload)
  }

  #forget(asker: Seat, id: number): void {
    const number = asker.asking.get(id)
    const question = number === undefined ? undefined : this.#questions.get(number)
    if (number !== undefined && question) this.#settle(number, question)
  }

  #settle(number: number, { asker, id }: Question): void {
    this.#questions.delete(number)
    asker.asking.delete(id)
  }

  #leave(seat: Seat): void {
    if (this.#seats.get(seat.node) === seat) this.#seats.delete(seat.node)
    for (const subject of [...seat.subjects]) this.#unsubscribe(seat, subject)
    for (const service of [...seat.services]) this.#withdraw(seat, service)
    for (const [number, question] of this.#questions) {
      if (question.asker === seat) this.#questions.delete(number)
      if (question.to !== seat || question.asker === seat) continue
      this.#settle(number, question)
      question.asker.line.send(Kind.lost, question.id)
    }
    this.#tellPeers()
  }
}
