import type { Sender } from '../dialect.ts'
import type { Refusal } from '../errors.ts'
import type { GapReason, Position } from '../position.ts'
import type { Entry, RosterVersion } from '../roster.ts'

/** The WebSocket subprotocol that names this version. */
export const SUBPROTOCOL = 'rollcall.v1'

/** Deepest nesting of arrays and objects that a frame may have, the frame's own array included. */
export const MAX_DEPTH = 64

/** A number that the client gives a request; its answer carries it. A whole number from 1. */
export type Ref = number

export interface JoinOptions {
  readonly input?: unknown
  readonly presence?: unknown
  readonly position?: Position | undefined
  readonly last?: number | undefined
  readonly roster?: RosterVersion | undefined
}

/** What a client sends, decoded. The wire forms are in PROTOCOL.md, one line each. */
export type ClientFrame =
  | { readonly kind: 'hello'; readonly credentials: unknown; readonly resume: string | null }
  | { readonly kind: 'refresh'; readonly ref: Ref; readonly credentials: unknown }
  | { readonly kind: 'join'; readonly ref: Ref; readonly topic: string; readonly options: JoinOptions }
  | { readonly kind: 'leave'; readonly ref: Ref; readonly topic: string }
  | {
      readonly kind: 'send'
      readonly ref: Ref
      readonly topic: string
      readonly event: string
      readonly payload: unknown
      readonly id: string | null
    }
  | {
      readonly kind: 'call'
      readonly ref: Ref
      readonly topic: string
      readonly name: string
      readonly payload: unknown
    }
  | { readonly kind: 'track'; readonly ref: Ref; readonly topic: string; readonly meta: unknown }
  | { readonly kind: 'untrack'; readonly ref: Ref; readonly topic: string }
  | {
      readonly kind: 'history'
      readonly ref: Ref
      readonly topic: string
      readonly before: number | null
      readonly after: number | null
      readonly limit: number
    }
  | { readonly kind: 'roster'; readonly ref: Ref; readonly topic: string; readonly since: RosterVersion | null }
  /** Asks for a sign of life: the answer is an `ok`. */
  | { readonly kind: 'ping'; readonly ref: Ref }
  | { readonly kind: 'pong' }

export interface WelcomeFrame {
  readonly kind: 'welcome'
  readonly connection: string
  readonly user: { readonly id: string; readonly [field: string]: unknown }
  /** A token for `hello`, and how long after a loss it is good; absent where sessions cannot be resumed. */
  readonly resume?: string
  readonly resumeMs?: number
  readonly resumed: boolean
  /** A client that hears nothing for `pingMs + deadMs` counts the connection as lost. */
  readonly pingMs: number
  readonly deadMs: number
  readonly maxMessageBytes: number
}

export type WireRoster =
  | { readonly kind: 'state'; readonly version: RosterVersion; readonly entries: readonly Entry[] }
  | {
      readonly kind: 'diff'
      readonly version: RosterVersion
      readonly since: number
      readonly set: readonly Entry[]
      readonly gone: readonly string[]
    }
  | { readonly kind: 'count'; readonly version: RosterVersion; readonly members: number; readonly entries: number }

/** The result of a join, as a client gets it. */
export interface JoinedResult {
  /** The client's own entry; it may not be in `roster` yet. */
  readonly entry: Entry | null
  readonly position: Position | null
  readonly recovery: 'fresh' | 'recovered' | { readonly gap: GapReason }
  readonly roster: WireRoster | null
  readonly reply: unknown
}

export interface MessageStamp {
  readonly from: Sender | null
  readonly at: number
  readonly offset?: number | undefined
}

/** What a server sends, decoded. */
export type ServerFrame =
  | WelcomeFrame
  | { readonly kind: 'ok'; readonly ref: Ref; readonly result: unknown }
  | { readonly kind: 'error'; readonly ref: Ref; readonly refusal: Refusal }
  | {
      readonly kind: 'message'
      readonly topic: string
      readonly event: string
      readonly payload: unknown
      readonly stamp: MessageStamp
    }
  | { readonly kind: 'presence'; readonly topic: string; readonly roster: WireRoster }
  | { readonly kind: 'position'; readonly topic: string; readonly position: Position }
  | { readonly kind: 'gap'; readonly topic: string; readonly reason: GapReason; readonly position: Position }
  | { readonly kind: 'left'; readonly topic: string; readonly reason: string }
  | { readonly kind: 'closing'; readonly reason: string; readonly retryAfterMs: number; readonly spreadMs: number }
  | { readonly kind: 'ping' }
  /** Of a later server: not for us. */
  | { readonly kind: 'unknown' }
