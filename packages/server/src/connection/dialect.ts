import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, Random, Session } from '@rollcall/core'
import type { Handshake, Transport, TransportListener } from '../transport/transport.ts'
import type { Limits } from './limits.ts'

/** A wire language, as the server mounts it: which requests it answers, and how connections come of them. */
export interface Dialect {
  readonly name: string
  /** Called once, when the server is made. */
  mount(host: DialectHost): readonly Route[]
}

/** What the server does for a dialect. */
export interface DialectHost {
  readonly clock: Clock
  readonly random: Random
  readonly limits: Limits
  /** Makes a connection of a transport and a session; the transport tells the answer all that happens to it. */
  accept(transport: Transport, session: Session, handshake: Handshake): TransportListener
  /** What is known of a request's client. */
  handshake(request: IncomingMessage, transport: string): Handshake
  /** Whether a request's Origin may connect. Requests without Origin may. */
  originAllowed(request: IncomingMessage): boolean
  /** Whether an address may open another connection now: 0, or in how many milliseconds to try again. */
  admit(address: string): number
  report(what: string, error: unknown): void
}

/** Requests of one path. The server checks Origin and admission of upgrades; all else is the route's. */
export interface Route {
  /** `/plain` stands for itself and all below it. */
  readonly path: string
  request?(request: IncomingMessage, response: ServerResponse): void
  upgrade?(handshake: Handshake): Upgrade | UpgradeRefusal
}

/** A WebSocket may be opened. */
export interface Upgrade {
  /** Subprotocols of which the first one that the client offers is taken; without a common one, none is. */
  readonly protocols?: readonly string[]
  /** Default: the server's limit. */
  readonly maxMessageBytes?: number
  /** The WebSocket is open. */
  open(transport: Transport): TransportListener
}

/** It may not: an HTTP answer instead. */
export interface UpgradeRefusal {
  readonly status: number
  /** Default: the status's text. */
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}
