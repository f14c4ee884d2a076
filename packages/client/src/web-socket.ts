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
