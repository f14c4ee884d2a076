import type { Undo } from '@rollcall/core'
import type { OpenWebSocket } from './web-socket.ts'

// The one place in the client that touches the world around it: browsers have all of this, Node and Bun some.

/** The platform's own WebSocket; undefined in Node before 22. */
export const platformWebSocket: OpenWebSocket | undefined =
  typeof WebSocket === 'function' ? (url, protocols) => new WebSocket(url, protocols) : undefined

/** What a url without a scheme and host belongs to: the page. */
export function pageUrl(): string | undefined {
  return globalThis.location?.href
}

/** Calls `wake` when a connection that looked alive may be dead, or one that could not be made may be possible. */
export function onWake(wake: () => void): Undo {
  const listener = () => {
    if (globalThis.document?.visibilityState !== 'hidden') wake()
  }
  // A change of visibility is told to the document, and bubbles. Outside of pages there may be nothing to listen to.
  const events = ['visibilitychange', 'online', 'pageshow']
  for (const event of events) globalThis.addEventListener?.(event, listener)
  return () => {
    for (const event of events) globalThis.removeEventListener?.(event, listener)
  }
}

/** Makes an application's own error known as an uncaught one, without breaking the loop that met it. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}

/** Tells a developer who has registered no listener. */
export function warn(text: string): void {
  // biome-ignore lint/suspicious/noConsole: what a contract refuses must not vanish, and there is nowhere else to say it
  console.warn(text)
}
