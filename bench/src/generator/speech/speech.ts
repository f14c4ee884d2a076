import type { Mark } from '../frame-counter.ts'

/** What a frame that is not counted means to a load connection. */
export type Heard =
  | { readonly kind: 'joined' }
  /** The conversation goes on with this. */
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'nothing' }

/** A change of an online table: who is in it by now. `whole` replaces the table. */
export interface TableChange {
  readonly whole: boolean
  readonly here: readonly string[]
  readonly gone: readonly string[]
}

/** How a load connection talks to one kind of server. Without state: what a dialect numbers, the caller counts. */
export interface Speech {
  readonly name: string
  /** Where to connect, and with what subprotocol. */
  path(topic: string): string
  readonly subprotocol: string | null
  /** Said as soon as the connection is open. `member` is the name to be present by; null is to be here unseen. */
  opening(topic: string, member: string | null): readonly string[]
  /** Whether the accepted handshake is the join. */
  readonly joinsByConnecting: boolean
  hear(text: string, topic: string, member: string | null): Heard
  /** Marks messages of a room, and answers to calls. */
  readonly message: Mark | null
  readonly answer: Mark | null
  publish(topic: string, ref: number, payload: string): string
  call(topic: string, ref: number, payload: string): string
  /** Reads presence. Null: this frame is not about it. */
  table(text: string): TableChange | null
  /** What a client must say now and then so as not to be taken for dead, beside its answers to pings. */
  readonly beat: string | null
}

export const NOTHING: Heard = { kind: 'nothing' }
export const JOINED: Heard = { kind: 'joined' }

/** The code of a letter, for a mark. */
export function letter(text: string): number {
  return text.charCodeAt(0)
}
