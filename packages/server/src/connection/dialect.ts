import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, Contract, Random, Refusal, Session } from '@rollcall/core'
import type { Handshake, Transport, TransportListener } from '../transport/transport.ts'
import type { Limits } from './limits.ts'
import type { Visitor } from './visitor.ts'

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
  /** For languages that do not say themselves what a message is, or must know what a channel has. */
  readonly contract: Contract
  /**
   * Makes a connection of a transport and a session; the transport tells the answer all that happens to it. A visitor is not
   * judged again when its session says hello.
   */
  accept(transport: Transport, session: Session, handshake: Handshake, visitor?: Visitor): TransportListener
  /**
   * Asks the application who a client is before there is a connection: for languages that refuse with an HTTP answer.
   * Settles within the time that a hello may take, and never rejects.
   */
  identify(credentials: unknown, handshake: Handshake): Promise<Visitor | { readonly refusal: Refusal }>
  /** What is known of a request's client. */
  handshake(request: IncomingMessage, transport: string): Handshake
  /** Whether a request's Origin may connect. Requests without Origin may. */
  originAllowed(request: IncomingMessage): boolean
  /** Whether an address may open another connection now: 0, or in how many milliseconds to try again. */
  admit(address: string): number
  /**
   * Makes an unguessable text the id of a session whose requests come one by one, as `Route.session` tells them: where several
   * processes serve together it grows by a few letters, so that all of them come to this one.
   */
  sessionId(text: string): string
  report(what: string, error: unknown): void
}

/** Requests of one path. The server checks Origin and admission of upgrades; all else is the route's. */
export interface Route {
  /** `/plain` stands for itself and all below it. */
  readonly path: string
  /** The session that a request belongs to; null if it may begin one. Only for sessions whose requests come one by one. */
  session?(url: URL, headers: IncomingMessage['headers']): string | null
  request?(request: IncomingMessage, response: ServerResponse): void
  /** A promise must settle in a bounded time, and not reject. What the client sends meanwhile waits unread. */
  upgrade?(handshake: Handshake, request: IncomingMessage): Verdict | Promise<Verdict>
}

export type Verdict = Upgrade | UpgradeRefusal

/** A WebSocket may be opened. */
export interface Upgrade {
  /** Subprotocols of which the first one that the client offers is taken; without a common one, none is. */
  readonly protocols?: readonly string[]
  /** Default: the server's limit. */
  readonly maxMessageBytes?: number
  /** Added to the answer that opens it. */
  readonly headers?: Readonly<Record<string, string>>
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
