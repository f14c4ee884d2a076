export interface UntilOptions {
  /** When to give up, in milliseconds. Default 20,000: for a slow machine, and still less than the 25 s after which a silent connection is pinged. */
  readonly deadlineMs?: number
  /** What is waited for, for the message of the failure. */
  readonly what?: string
}

/** Waits until the question has a truthy answer, and returns it. A question that throws is asked again. */
export async function until<T>(ask: () => T | Promise<T>, options: UntilOptions = {}): Promise<NonNullable<T>> {
  const { deadlineMs = 20_000, what = 'the condition' } = options
  const giveUpAt = performance.now() + deadlineMs
  let last: unknown
  do {
    try {
      last = await ask()
      if (last) return last as NonNullable<T>
    } catch (fault) {
      last = fault
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  } while (performance.now() < giveUpAt)
  throw new Error(`Waited ${deadlineMs} ms for ${what}; at last: ${String(last)}`)
}
