import type { Dialect } from 'rollcall'

/** What a dialect may have no words for. The cases that need it are left out. */
export type Lack =
  /** A message has no answer: it cannot be said whether it was accepted. */
  | 'acknowledgement'
  /** Members are not told; they can be seen, though. */
  | 'presence'
  /** Metadata cannot be changed while in a channel. */
  | 'update'
  /** One connection is one membership: there is no second channel, and leaving is closing. */
  | 'channels'
  /** Payloads have no depth. */
  | 'depth'
  | 'bytes'
  /** Memberships cannot be taken up again where they were. */
  | 'return'

/** What becomes of something that is not accepted. */
export type Fate =
  /** The request is refused with this code; the connection goes on. */
  | { readonly refused: string | RegExp }
  /** The connection is closed with this code; undefined where the transport has none. */
  | { readonly closed: number | undefined }

/** Everything that can be refused. */
interface Fates {
  /** `authenticate` says no. */
  readonly unauthorized: Fate
  /** The application's `join` says no. */
  readonly joinRefused: Fate
  readonly unknownTopic: Fate
  /** A payload that its schema refuses. */
  readonly invalid: Fate
  /** A message above the limit of bytes. */
  readonly tooBig: Fate
  /** Not asked of those that lack `depth`. */
  readonly tooDeep: Fate
  /** Not asked of those that lack `channels`. */
  readonly tooManyChannels: Fate
  /** Removed from a channel by the application: the membership ends, or with it the connection. */
  readonly kicked: 'left' | { readonly closed: number | undefined }
  /** Its user was disconnected by the application. */
  readonly disconnected: Fate
  /** It reads too slowly on a channel without history. */
  readonly tooSlow: Fate
  /** The server is stopping. */
  readonly goingAway: Fate
}

/** A dialect under test, and how to drive a client of it. */
export interface Subject {
  /** To be mounted; none for the dialect that is always there. */
  readonly dialects: readonly Dialect[]
  readonly lacks: readonly Lack[]
  readonly fates: Fates
  /** Opens a connection. `authenticate` gets this user: as a credential in whatever way the dialect has. */
  connect(url: string, user: string): Promise<Client>
}

/** A refusal as a client is told it. */
export class Told extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** One connection of a client, driven by hand. */
export interface Client {
  /** Joins, seen under `name` where there is one. Rejects with `Told`, or when the connection is closed. */
  join(topic: string, options?: { readonly name?: string }): Promise<void>
  /** Resolves when the server has acknowledged it. */
  leave(topic: string): Promise<void>
  /** Resolves when accepted, or when written where there is no acknowledgement. Rejects with `Told`. */
  send(topic: string, payload: unknown): Promise<void>
  /** Changes the name that it is seen under. */
  rename?(topic: string, name: string): Promise<void>
  /** Payloads of the messages got so far. */
  messages(topic: string): readonly unknown[]
  /** The names that its own table of the members has now, sorted. */
  members(topic: string): readonly string[]
  /** Why the server ended the membership of a topic; null while it has not. */
  ended(topic: string): string | null
  /** How the connection ended; null while it is open. */
  readonly closed: { readonly code: number | undefined; readonly reason: string } | null
  /** Sends something as it is, whatever it is. */
  raw(payload: string | Uint8Array): void
  /** Stops and goes on reading from the network. */
  pause(): void
  resume(): void
  /** Says goodbye. */
  close(): Promise<void>
  /** Is gone without a word. Idempotent. */
  lose(): void
}
