import type { Payload } from '@rollcall/core'
import type { Run } from '../hub/frame.ts'

/** How bytes reach one client. Owned by its connection; a shell around a socket, or a queue in memory. */
export interface Transport {
  /**
   * Takes a run of frames, whole and in order; never blocks and never fails: after the end it does nothing. Runs and their
   * buffers are shared between connections: read only.
   */
  write(run: Run): void
  /** Bytes taken by `write` that the operating system, or the peer, has not yet. */
  readonly bufferedBytes: number
  /** Bytes that came over the wire so far, heads of frames and all, where that is known. */
  readonly bytesRead?: number
  /** Asks the peer for a sign of life, below the messages. Absent where the transport has nothing of the kind. */
  ping?(): void
  /** Says goodbye after what was written before, and ends within a bounded time. Idempotent. */
  close(code: number, reason: string): void
  /** Ends at once, without goodbye. Idempotent. */
  destroy(): void
  /** Stops and goes on reading from the peer, so that it feels that we cannot keep up. */
  pause(): void
  resume(): void
  /** Called while a message is received: the next one is to wait until others had their turn. */
  rest?(): void
  /** It is known now who the peer is: it may do what costs more. */
  trusted?(): void
  /** Time passes: called about once a second while there is a connection. */
  tick?(now: number): void
}

/** What a transport tells its connection. Nothing more is called after `closed`. */
export interface TransportListener {
  /** A whole message. Bytes are the listener's to keep. */
  received(payload: Payload): void
  /** The peer answered a ping. */
  alive?(): void
  /** The peer broke a rule of the transport, which closes it with this code. */
  broke?(code: number): void
  /** All that was buffered is gone. */
  drained(): void
  /** The end, once. `code` is the peer's close code, 1005 without one, 1006 if the connection was lost. */
  closed(code: number, reason: string): void
}

/** What is known of a client before its first message. */
export interface Handshake {
  /** Path and query as the client asked for them. */
  readonly url: URL
  /** Header values by lower-case name, in a null-prototype object. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The peer's address, or what a trusted proxy says it is. */
  readonly address: string
  /** Whether it came over TLS. */
  readonly secure: boolean
  /** The transport's name: `websocket`, `polling`, `memory`. */
  readonly transport: string
}
