import type { Outcome, Payload, Sender } from '../dialect.ts'
import type { Refusal } from '../errors.ts'
import type { GapReason, Position } from '../position.ts'
import type { MemberChange } from '../roster.ts'
import type { ClientFrame, JoinedResult, Ref, WelcomeFrame } from './frames.ts'

/** What an application asks of a client session, each settled once. The session gives a send without an id one. */
export type Ask = Extract<
  ClientFrame,
  { readonly kind: 'leave' | 'send' | 'call' | 'track' | 'untrack' | 'history' | 'refresh' }
>

/** What a client session wants done, or has to tell, in order. */
export type ClientEffect =
  | { readonly kind: 'write'; readonly payload: Payload }
  /** Close the socket and count it as lost; nothing that it still says is wanted. */
  | { readonly kind: 'close'; readonly code: number }
  | { readonly kind: 'welcomed'; readonly welcome: WelcomeFrame }
  /** A topic is joined: for the first time, or again. What was missed follows as messages. */
  | { readonly kind: 'joined'; readonly topic: string; readonly first: boolean; readonly result: JoinedResult }
  /** A joined topic is not joined for now. It joins again by itself. */
  | { readonly kind: 'interrupted'; readonly topic: string }
  /** The membership is over: refused for good, or ended by the server. */
  | { readonly kind: 'ended'; readonly topic: string; readonly refusal: Refusal }
  | MessageEffect
  | { readonly kind: 'presence'; readonly topic: string; readonly changes: readonly MemberChange[] }
  | {
      readonly kind: 'gap'
      readonly topic: string
      readonly reason: GapReason
      /** The last message before it; null if there was none. */
      readonly after: Position | null
      readonly position: Position | null
    }
  /** An ask has ended. A `send` has a `Position` or null as its result, a `history` a `WirePage`. */
  | { readonly kind: 'settled'; readonly ref: Ref; readonly outcome: Outcome }
  /** The server is about to close; come back after `retryAfterMs`, spread over `spreadMs`. */
  | { readonly kind: 'closing'; readonly reason: string; readonly retryAfterMs: number; readonly spreadMs: number }

export interface MessageEffect {
  readonly kind: 'message'
  readonly topic: string
  readonly event: string
  readonly payload: unknown
  readonly from: Sender | null
  readonly at: number
  readonly position: Position | null
  /** Whether it was sent before the join. */
  readonly recovered: boolean
}
