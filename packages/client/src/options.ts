import type { BackoffOptions, Clock, Random } from '@rollcall/core'

/** What the client needs of a WebSocket: browsers, Node from 22, Bun and the package `ws` all have it. */
export interface WebSocketLike {
  binaryType: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  send(payload: string | Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
}

/** Opens a socket. Asked once per attempt. */
export type OpenWebSocket = (url: string, protocols: string[]) => WebSocketLike | Promise<WebSocketLike>

export interface ConnectOptions {
  /** What the server's `authenticate` gets, or a function that answers it anew for each connection. Default: nothing. */
  readonly credentials?: Credentials
  /** Closes the client when aborted. */
  readonly signal?: AbortSignal
  /** The wait between attempts: 500 ms to 20 s unless told. */
  readonly backoff?: BackoffOptions
  /** How long an attempt may take until the server's welcome, in milliseconds. Default 10,000. */
  readonly openTimeoutMs?: number
  /** How long a message may wait to be accepted, over all reconnects, in milliseconds. Default 60,000. */
  readonly sendTimeoutMs?: number
  /** How often one message is written at most. Default 8. */
  readonly maxSendAttempts?: number
  /** How many requests may wait for an answer. Default 1,024. */
  readonly maxWaiting?: number
  /** The bytes that they may have together. Default 1,048,576. */
  readonly maxWaitingBytes?: number
  /** Default: the global WebSocket; in Node before 22, the package `ws`, which has to be installed. */
  readonly webSocket?: OpenWebSocket
  /** Default: the real clock. */
  readonly clock?: Clock
  /** Default: real chance. */
  readonly random?: Random
}

/** Anything JSON can carry, or what answers it. The signal is aborted when the answer is not needed any more. */
export type Credentials = unknown | ((signal: AbortSignal) => unknown)
