import type { Undo } from '@rollcall/core'

/** Calls `stop` when the signal is aborted: at once, if it is already. */
export function onAbort(signal: AbortSignal | undefined, stop: () => void): Undo {
  if (signal?.aborted) stop()
  else signal?.addEventListener('abort', stop)
  return () => signal?.removeEventListener('abort', stop)
}
