import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RollcallOptions } from './app.ts'
import type { Broker } from './broker/broker.ts'
import type { Log } from './log/log.ts'

/** What a program finds where it is run: used for what an application's own options leave open. */
export interface Surroundings {
  readonly broker?: Broker
  readonly log?: Log
  /** The other processes that serve the same app on the same port; none where there are no others. */
  readonly colleagues?: Colleagues
}

/** Processes that serve one app together. */
export interface Colleagues {
  /** Which of them this one is, from 1. One that takes the place of another has its number. */
  readonly number: number
  /** Lets the others have this one's metrics. */
  showMetrics(read: () => Promise<string>): void
  /** The metrics of the others; nothing of those who do not answer in time. */
  metrics(): Promise<readonly string[]>
  /** Makes a text the id of a session here: requests that carry it are passed on to this process. */
  sessionId(text: string): string
  /** Has whoever has a session answer its request. Answers whether that is another process. */
  passOn(session: string, request: IncomingMessage, response: ServerResponse): boolean
  passOnUpgrade(session: string, request: IncomingMessage, socket: Duplex, head: Buffer): boolean
}

interface Place {
  readonly surroundings: Surroundings
  /** Whether an app has them. */
  taken: boolean
}

// On the global object, since the command and the program that it runs may have a copy of this package each.
const key = Symbol.for('rollcall surroundings')
const place = globalThis as { [key]?: Place }

/** Sets what the app of this process is given. For who runs programs, before it imports them. */
export function provideSurroundings(surroundings: Surroundings): void {
  place[key] = { surroundings, taken: false }
}

/** The other processes that serve this one's app. */
export function colleagues(): Colleagues | null {
  return place[key]?.surroundings.colleagues ?? null
}

/**
 * Those of them to whom a request is passed on that is theirs: an app with a broker of its own has nodes elsewhere, too, and
 * looks for all of them there.
 */
export function colleaguesOn(broker: Broker | undefined): Colleagues | null {
  const surroundings = place[key]?.surroundings
  return (broker && broker === surroundings?.broker && surroundings.colleagues) || null
}

/**
 * An app's options with what its surroundings add.
 * @throws TypeError if another app has it already: two of them would hear each other's messages.
 */
export function inSurroundings(options: RollcallOptions): RollcallOptions {
  const found = place[key]
  const { broker, log } = found?.surroundings ?? {}
  const added = { ...(broker && !options.broker && { broker }), ...(log && !options.log && { log }) }
  if (!found || Object.keys(added).length === 0) return options
  if (found.taken)
    throw new TypeError(
      'This program makes more than one app, and only the first is given what workers share: give the others a broker and a log of their own',
    )
  found.taken = true
  return { ...options, ...added }
}
