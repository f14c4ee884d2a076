/** How the connection is, to show in a UI. A new object at each change, the same one in between. */
export type ConnectionState =
  /** A first or a further attempt is under way. */
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'open' }
  /** The connection was lost; the next attempt comes by itself. */
  | {
      readonly kind: 'waiting'
      /**
       * How long the wait is, in milliseconds. Infinity where the server closes connections that are in no room: the next
       * join ends the wait.
       */
      readonly nextAttemptMs: number
      /** When it ends, in milliseconds since the Unix epoch. */
      readonly nextAttemptAt: number
      readonly reason: string
      /** The WebSocket close code; null where there was none. */
      readonly code: number | null
    }
  /** For good: closed by `close()`, or by the server with a code that says not to come back. */
  | { readonly kind: 'closed'; readonly reason: string; readonly code: number | null }
