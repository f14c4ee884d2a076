import { EventEmitter } from 'node:events'
import type { EventNames, EventParams, EventsMap, ListenerOf, ListenNames } from './events.ts'

/** Hears of what an application's own code threw. */
export type Report = (what: string, error: unknown) => void

/**
 * An emitter of Node whose listeners are typed by maps: those of the user, and the reserved ones that the server raises
 * itself. What a listener throws, or rejects with, is reported: one client's event must not end the process for all.
 */
export abstract class TypedEmitter<
  Listen extends EventsMap,
  Emit extends EventsMap,
  Reserved extends EventsMap,
> extends EventEmitter {
  readonly #report: Report

  static {
    // Where Node looks what to do with a promise of a listener that rejects.
    Object.defineProperty(TypedEmitter.prototype, Symbol.for('nodejs.rejection'), {
      value(this: TypedEmitter<EventsMap, EventsMap, EventsMap>, error: unknown, event: string | symbol) {
        this.#report(`A listener of "${String(event)}" failed`, error)
      },
    })
  }

  constructor(report: Report) {
    super({ captureRejections: true })
    this.#report = report
  }

  /** Listens to an event. */
  override on<Event extends ListenNames<Reserved, Listen>>(
    event: Event,
    listener: ListenerOf<Reserved, Listen, Event>,
  ): this {
    return super.on(event, listener)
  }

  /** Listens to the next event of this name alone. */
  override once<Event extends ListenNames<Reserved, Listen>>(
    event: Event,
    listener: ListenerOf<Reserved, Listen, Event>,
  ): this {
    return super.once(event, listener)
  }

  /** Sends an event; listeners on this side are not called. */
  abstract override emit<Event extends EventNames<Emit>>(event: Event, ...args: EventParams<Emit, Event>): boolean

  /** The listeners of an event. */
  override listeners<Event extends ListenNames<Reserved, Listen>>(event: Event): ListenerOf<Reserved, Listen, Event>[] {
    return super.listeners(event) as ListenerOf<Reserved, Listen, Event>[]
  }
}

/** Calls the listeners of an event, though `emit` of the emitter be something else. */
export function raise(emitter: EventEmitter, report: Report, event: string, args: readonly unknown[]): void {
  // An emitter of Node throws where nobody listens to `error`; clients choose the names of their events.
  if (event === 'error' && emitter.listenerCount('error') === 0) return
  try {
    EventEmitter.prototype.emit.call(emitter, event, ...args)
  } catch (error) {
    report(`A listener of "${event}" failed`, error)
  }
}
