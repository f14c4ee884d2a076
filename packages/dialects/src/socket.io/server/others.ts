import { type Clock, isTopic, type Undo } from '@rollcall/core'
import type { Broker } from 'rollcall'
import { NODES_DEFAULTS, NobodyThere, Nodes, type NodesOptions } from 'rollcall/broker'
import type { Report } from './emitter.ts'
import { decodeParcel, encodeParcel, type Head, type Parcel } from './parcel.ts'

/** Does what another server wants done in a namespace; what it answers goes back, where an answer is wanted. */
export type Obey = (what: Head, values: readonly unknown[]) => Promise<Parcel> | undefined

const NOTHING: Parcel = { head: {}, values: [] }

const ASK = 'io:ask'
// For namespaces whose names no broker takes.
const ANY = 'io:'

// Another server that is asked needs a little longer than those whom it asks.
const SLACK_MS = 500

/** The other servers of the same program, joined by a broker. What they say of a namespace goes to its `obey`. */
export class Others {
  readonly #broker: Broker
  readonly #nodes: Nodes
  readonly #report: Report
  readonly #namespaces = new Map<string, Obey>()
  readonly #undo: Undo[] = []
  #stopped = false

  constructor(broker: Broker, clock: Clock, options: Partial<NodesOptions>, report: Report) {
    this.#broker = broker
    this.#report = report
    this.#nodes = new Nodes(broker, clock, { ...NODES_DEFAULTS, ...options }, report)
  }

  /** Joins the others. Called once. */
  start(): void {
    this.#attempt('The server cannot join the others', async () => {
      await this.#keep(this.#broker.respond(ASK, (bytes) => this.#answer(bytes)))
      await this.#keep(this.#broker.subscribe(ANY, (bytes) => this.#hear(bytes)))
      await this.#nodes.start()
    })
  }

  /** What the others say of a namespace is heard from now on, until it is undone. */
  listen(name: string, obey: Obey): Undo {
    this.#namespaces.set(name, obey)
    const subject = subjectOf(name)
    let undo: Undo = () => this.#namespaces.delete(name)
    if (subject !== ANY)
      this.#attempt(`The namespace ${name} cannot hear of other servers`, async () => {
        const unsubscribe = await this.#broker.subscribe(subject, (bytes) => this.#hear(bytes))
        if (this.#stopped || this.#namespaces.get(name) !== obey) return unsubscribe()
        undo = unsubscribe
      })
    return () => {
      if (this.#namespaces.get(name) === obey) this.#namespaces.delete(name)
      undo()
    }
  }

  /** Tells the others what to do in a namespace. */
  tell(name: string, what: Head, values: readonly unknown[] = []): void {
    const bytes = encodeParcel({ ...what, nsp: name }, values)
    try {
      this.#broker.publish(subjectOf(name), bytes)
    } catch (error) {
      this.#report(`Other servers cannot be told of ${name}`, error)
    }
  }

  /** Asks each of the others; `null` for one that did not answer within `timeoutMs`. */
  ask(name: string, what: Head, values: readonly unknown[], timeoutMs: number): Promise<(Parcel | null)[]> {
    const bytes = encodeParcel({ ...what, nsp: name }, values)
    const asked = this.#nodes.others().map(async (node) => {
      try {
        return decodeParcel(await this.#broker.ask(node, ASK, bytes, timeoutMs + SLACK_MS))
      } catch (error) {
        // It has stopped, and its sockets are gone with it.
        return error instanceof NobodyThere ? NOTHING : null
      }
    })
    return Promise.all(asked)
  }

  stop(): void {
    this.#stopped = true
    for (const undo of this.#undo.splice(0)) undo()
    this.#nodes.stop()
  }

  close(): Promise<void> {
    return this.#broker.close()
  }

  #hear(bytes: Uint8Array): void {
    const parcel = decodeParcel(bytes)
    if (parcel) void this.#obey(parcel)?.catch((error) => this.#report('Another server was not obeyed', error))
  }

  async #answer(bytes: Uint8Array): Promise<Uint8Array> {
    const parcel = decodeParcel(bytes)
    const answer = parcel && (await this.#obey(parcel))
    // There is no such namespace here.
    return answer ? encodeParcel(answer.head, answer.values) : encodeParcel({ none: true })
  }

  #obey({ head, values }: Parcel): Promise<Parcel> | undefined {
    return this.#namespaces.get(String(head['nsp']))?.(head, values)
  }

  async #keep(registered: Undo | Promise<Undo>): Promise<void> {
    const undo = await registered
    if (this.#stopped) undo()
    else this.#undo.push(undo)
  }

  #attempt(what: string, task: () => Promise<void>): void {
    task().catch((error) => {
      if (!this.#stopped) this.#report(what, error)
    })
  }
}

function subjectOf(name: string): string {
  const subject = `${ANY}${name}`
  return isTopic(subject) ? subject : ANY
}
