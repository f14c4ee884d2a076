import { JetStreamApiCodes } from '@nats-io/jetstream'
import { LogUnavailable } from 'rollcall/log'
import { closedError } from './options.ts'
import type { LogParts } from './parts.ts'
import { codeOf } from './stream.ts'

/** Between two attempts at something that JetStream did not do. */
const RETRY_MS = 100

/** An attempt's answer when there is more to do at once. */
export const again: unique symbol = Symbol('again')

/**
 * Attempts something of JetStream until it is done. Waits for NATS while it is away, and makes the stream anew if it is gone.
 * @throws LogUnavailable with `complaint` once `patienceMs` have passed, at once if NATS has been away for longer.
 */
export async function patiently<T>(
  parts: LogParts,
  complaint: string,
  attempt: () => Promise<T | typeof again>,
): Promise<T> {
  const { link, stream, settings, closed } = parts
  const deadline = settings.clock.now() + settings.patienceMs
  for (;;) {
    if (closed()) throw closedError()
    if (link.awayMs > settings.patienceMs) throw new LogUnavailable(`${complaint}: NATS is away`)
    let cause: unknown
    try {
      if (link.healthy) {
        const answer = await attempt()
        if (answer !== again) return answer
      }
    } catch (error) {
      cause = error
      // Whether it can be made shows at the next attempt.
      if (codeOf(error) === JetStreamApiCodes.StreamNotFound) await stream.ensure().catch(() => {})
    }
    const leftMs = deadline - settings.clock.now()
    if (leftMs <= 0) throw new LogUnavailable(complaint, { cause })
    if (!link.healthy) await link.waitForHealth(leftMs)
    else if (cause !== undefined) await link.wait(Math.min(RETRY_MS, leftMs))
  }
}
