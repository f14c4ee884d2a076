// Runners such as npx hand on a signal that the terminal has given us already: that one is the same, not a second.
const SAME_SIGNAL_MS = 500

export interface Stopping {
  /** Stops as a signal would. */
  stop(): void
  /** How it ended: the exit code. */
  readonly code: Promise<number>
}

/**
 * Calls `close` at the first SIGINT or SIGTERM; a second one ends the process at once. `close` answers whether it went
 * well. From now on these signals do not end the process.
 */
export function stopOnSignal(close: () => Promise<boolean>, begins: () => void): Stopping {
  let since: number | null = null
  let ended = (_code: number) => {}
  const code = new Promise<number>((resolve) => {
    ended = resolve
  })
  const stop = () => {
    if (since !== null) return
    since = performance.now()
    begins()
    close().then(
      (well) => ended(well ? 0 : 1),
      (error: unknown) => {
        process.stderr.write(`rollcall: stopping failed: ${error instanceof Error ? error.stack : String(error)}\n`)
        ended(1)
      },
    )
  }
  const signalled = () => {
    if (since !== null && performance.now() - since > SAME_SIGNAL_MS) process.exit(1)
    stop()
  }
  process.on('SIGINT', signalled)
  process.on('SIGTERM', signalled)
  return { stop, code }
}

/** For people. */
export function sayStopping(): void {
  process.stderr.write('stopping\n')
}
