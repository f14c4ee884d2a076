import type { EventEmitter } from 'node:events'
import type { Clock } from '@rollcall/core'
import type { SendFlags } from './flags.ts'
import { type Gathered, guarded } from './gathering.ts'
import { toHandshake } from './handshake.ts'
import type { Member } from './member.ts'
import type { Others } from './others.ts'
import type { Head, Parcel } from './parcel.ts'
import { LocalReach, type Reach, type SocketDetails } from './reach.ts'
import type { Target } from './rooms.ts'
import type { Space } from './space.ts'

/** Raises an event in the namespace on this server. */
type Raise = (args: readonly unknown[]) => void

// How long other servers may take to describe their sockets, and to answer each other's events, in milliseconds.
const FETCH_MS = 1_000
const RAISE_MS = 5_000
// Without a timeout: as long as brokers wait at all.
const LONGEST_MS = 86_400_000

const UNANSWERED = 'another server did not answer'

/** The sockets of one namespace on all servers: those of this one, and by the others those of theirs. */
export class ClusterReach implements Reach {
  readonly #space: Space
  readonly #local: LocalReach
  readonly #others: Others
  readonly #clock: Clock

  constructor(space: Space, others: Others, clock: Clock) {
    this.#space = space
    this.#local = new LocalReach(space)
    this.#others = others
    this.#clock = clock
  }

  emit(target: Target, args: readonly unknown[], flags: SendFlags): void {
    this.#local.emit(target, args, flags)
    this.#tell(flags, { do: 'emit', volatile: flags.volatile, ...headOf(target) }, args)
  }

  gather(target: Target, args: readonly unknown[], flags: SendFlags, done: Gathered): void {
    if (flags.local) return this.#local.gather(target, args, flags, done)
    const here = new Promise<Answers>((resolve) => {
      this.#local.gather(target, args, flags, (error, responses) => resolve({ error, responses }))
    })
    const timeoutMs = flags.timeoutMs ?? LONGEST_MS
    const what = { do: 'gather', volatile: flags.volatile, timeoutMs, ...headOf(target) }
    this.#join(here, this.#others.ask(this.#space.name, what, args, timeoutMs), done)
  }

  async fetch(target: Target, flags: SendFlags): Promise<readonly (EventEmitter | SocketDetails)[]> {
    const here = await this.#local.fetch(target)
    if (flags.local) return here
    const there = await this.#others.ask(this.#space.name, { do: 'fetch', ...headOf(target) }, [], FETCH_MS)
    // Those that do not answer are on their way out, or their sockets are.
    return [...here, ...there.flatMap((parcel) => (parcel?.values ?? []) as SocketDetails[])]
  }

  join(target: Target, rooms: readonly string[], flags: SendFlags): void {
    this.#local.join(target, rooms)
    this.#tell(flags, { do: 'join', ...headOf(target) }, rooms)
  }

  leave(target: Target, rooms: readonly string[], flags: SendFlags): void {
    this.#local.leave(target, rooms)
    this.#tell(flags, { do: 'leave', ...headOf(target) }, rooms)
  }

  disconnect(target: Target, close: boolean, flags: SendFlags): void {
    this.#local.disconnect(target, close)
    this.#tell(flags, { do: 'disconnect', close, ...headOf(target) }, [])
  }

  /** Raises an event in the namespace of the other servers. `done`: their answers are wanted. */
  raise(args: readonly unknown[], done: Gathered | null): void {
    if (!done) return this.#others.tell(this.#space.name, { do: 'raise' }, args)
    const here = Promise.resolve({ error: null, responses: [] })
    this.#join(here, this.#others.ask(this.#space.name, { do: 'raise', answer: true }, args, RAISE_MS), done)
  }

  #tell(flags: SendFlags, what: Head, values: readonly unknown[]): void {
    if (!flags.local) this.#others.tell(this.#space.name, what, values)
  }

  #join(here: Promise<Answers>, there: Promise<(Parcel | null)[]>, done: Gathered): void {
    void Promise.all([here, there]).then(([own, parcels]) => {
      const responses = [...own.responses]
      let { error } = own
      for (const parcel of parcels) {
        responses.push(...(parcel?.values ?? []))
        const said = parcel ? parcel.head['error'] : UNANSWERED
        if (typeof said === 'string') error ??= new Error(said)
      }
      guarded(this.#space.report, done)(error, responses)
    })
  }

  // From the others

  /** Does what another server wants done here. */
  obey(what: Head, values: readonly unknown[], raise: Raise): Promise<Parcel> | undefined {
    const target = targetOf(what)
    const flags = { volatile: what['volatile'] === true, local: true, timeoutMs: Number(what['timeoutMs']) }
    switch (what['do']) {
      case 'emit':
        this.#local.emit(target, values, flags)
        break
      case 'gather':
        return new Promise((resolve) => {
          this.#local.gather(target, values, flags, (error, responses) =>
            resolve({ head: error ? { error: error.message } : {}, values: responses }),
          )
        })
      case 'fetch':
        return Promise.resolve({ head: {}, values: this.#space.rooms.select(target).map((it) => this.#details(it)) })
      case 'join':
        this.#local.join(target, values.map(String))
        break
      case 'leave':
        this.#local.leave(target, values.map(String))
        break
      case 'disconnect':
        this.#local.disconnect(target, what['close'] === true)
        break
      case 'raise':
        if (what['answer'] === true) return this.#answerRaised(values, raise)
        raise(values)
    }
    return undefined
  }

  #details({ id, carrier, issued, auth, rooms, data }: Member): SocketDetails {
    const details = { id, handshake: toHandshake(carrier.handshake, issued, auth), rooms: [...rooms] }
    try {
      JSON.stringify(data)
      return { ...details, data }
    } catch (error) {
      this.#space.report(`The data of socket ${id} cannot be told to another server`, error)
      return { ...details, data: null }
    }
  }

  #answerRaised(values: readonly unknown[], raise: Raise): Promise<Parcel> {
    return new Promise((resolve) => {
      // Nobody waits longer than that.
      const undo = this.#clock.after(RAISE_MS, () => resolve({ head: { error: UNANSWERED }, values: [] }))
      const answer = (value: unknown) => {
        undo()
        resolve({ head: {}, values: [value] })
      }
      raise([...values, answer])
    })
  }
}

interface Answers {
  readonly error: Error | null
  readonly responses: readonly unknown[]
}

function headOf({ rooms, except }: Target): Head {
  return { rooms: [...rooms], except: [...except] }
}

function targetOf({ rooms, except }: Head): Target {
  return { rooms: toNames(rooms), except: toNames(except) }
}

function toNames(list: unknown): ReadonlySet<string> {
  return new Set(Array.isArray(list) ? list.map(String) : [])
}
