import type { Clock } from '@rollcall/core'
import { networkOf } from './connection/address.ts'
import { Bucket } from './hub/bucket.ts'
import { Buckets } from './hub/buckets.ts'

/** Where to tell what happened: fields first, then a text. A logger of `pino` is one. */
export interface Logger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** What is told, as the field `event` and the text. */
const TEXTS = {
  handshake_refused: 'a handshake was refused',
  request_refused: 'a request was refused',
  connection_closed: 'the server closed a connection',
  half_open_cut: 'a socket was cut that asked for nothing, as one of too many',
  api_refused: 'a request of the HTTP API was refused',
  kicked: 'the application ended memberships',
  disconnected: 'the application ended connections',
  revoked: 'the application revoked credentials',
} as const

export type AuditEvent = keyof typeof TEXTS

/** What the application did is told always; what clients do only as often as this, for each event and address. */
const OWN: ReadonlySet<AuditEvent> = new Set(['kicked', 'disconnected', 'revoked'])
const BURST = 20
const PER_SECOND = 1
// Of all addresses together.
const ALL_BURST = 1_000
const ALL_PER_SECOND = 200
const MAX_TEXT = 255

class Source extends Bucket {
  /** What was left out since the last line. */
  suppressed = 0
}

/**
 * Tells a logger who was refused, put out, or closed for what it did: never what was sent, and no credentials. Whoever is
 * refused ten thousand times a second cannot fill a disk with it.
 */
export class Audit {
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #report: (what: string, error: unknown) => void
  readonly #sources = new Buckets((now) => new Source(PER_SECOND, BURST, now))
  readonly #all: Bucket

  constructor(logger: Logger, clock: Clock, report: (what: string, error: unknown) => void) {
    this.#logger = logger
    this.#clock = clock
    this.#report = report
    this.#all = new Bucket(ALL_PER_SECOND, ALL_BURST, clock.now())
  }

  /** Tells of something that came from an address; not if that address has made it tell too much of this kind already. */
  note(event: AuditEvent, fields: Readonly<Record<string, unknown>>, address = ''): void {
    const suppressed = OWN.has(event) ? 0 : this.#admit(`${event} ${networkOf(address)}`)
    if (suppressed === null) return
    const told = {
      event,
      ...bounded(fields),
      ...(address !== '' && { address }),
      ...(suppressed > 0 && { suppressed }),
    }
    try {
      this.#logger[OWN.has(event) ? 'info' : 'warn'](told, TEXTS[event])
    } catch (error) {
      this.#report('The logger failed', error)
    }
  }

  // How many were left out before this one; null if this one is, too.
  #admit(key: string): number | null {
    const now = this.#clock.now()
    const source = this.#sources.of(key, now)
    if (source.take(now) > 0 || this.#all.take(now) > 0) {
      source.suppressed++
      return null
    }
    const { suppressed } = source
    source.suppressed = 0
    return suppressed
  }
}

// Without what is not known, and no longer than a name may be: some of it is what a client made up.
function bounded(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== '')
  return Object.fromEntries(
    known.map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, MAX_TEXT) : value]),
  )
}
