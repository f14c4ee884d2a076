import { LogUnavailable, type Retention } from 'rollcall/log'
import { type Entry, encodeBlock, ownBlock, type Stored } from './block.ts'
import { closedError } from './options.ts'
import type { Tip } from './replica.ts'
import type { StoreOutcome, Stream } from './stream.ts'
import type { Topic } from './topic.ts'

/** What came of a block. */
export type Committed =
  | { readonly kind: 'accepted' }
  /** Another block stands behind the tip: this one will never be stored. */
  | { readonly kind: 'overtaken' }
  /** It may be in the log, or not. */
  | { readonly kind: 'doubtful'; readonly cause: unknown }

const RETRY_MS = 100

/**
 * Stores records as one block behind `tip`, trying until the deadline. An attempt whose answer was lost is made again with
 * the very same block: the stream takes it at most once, and whether it did shows in what follows the tip.
 * @throws LogUnavailable if it was surely not stored, and will not be.
 */
export async function commit(
  topic: Topic,
  tip: Tip,
  entries: readonly Entry[],
  retention: Retention,
  deadline: number,
): Promise<Committed> {
  const { stream, settings, closed } = topic.parts
  const head = {
    id: topic.newId(),
    prev: tip.seq,
    prevId: tip.id,
    epoch: tip.epoch,
    base: tip.top + 1,
    bytesBefore: tip.bytes,
    retention,
  }
  const bytes = encodeBlock(head, entries)
  const { resets } = topic
  let seen = false
  const brought = new Promise<StoreOutcome>((resolve) => {
    topic.onBlock = ({ block }) => {
      seen ||= block.id === head.id
      resolve({ kind: 'overtaken' })
    }
  })
  // Behind a log that began anew nobody can tell what became of an earlier attempt.
  const passedBy = (unknown: boolean, cause?: unknown): Committed =>
    unknown && topic.resets !== resets ? { kind: 'doubtful', cause } : { kind: 'overtaken' }
  for (let unknown = false; ; ) {
    const { last } = topic.replica
    // What the feed brings stands behind the tip, be it this block or another: that is as good as the answer. Who waited
    // for the answer would begin the next block later than whoever was first, and be overtaken again and again.
    const outcome = await Promise.race([stream.store(topic.name, last.seq, bytes), brought])
    if (seen) return { kind: 'accepted' }
    if (outcome.kind === 'overtaken' && topic.replica.tip?.id !== tip.id) return passedBy(unknown)
    if (outcome.kind === 'stored') {
      const stored = { seq: outcome.seq, at: settings.clock.now(), block: ownBlock(head, entries) }
      // Stored, but is it the first for its place? Only a replicated stream leaves that open.
      if (await isNext(stream, topic.name, last.seq, stored)) topic.replica.offer(stored, last.seq)
      if (seen) return { kind: 'accepted' }
    }
    let cause = 'cause' in outcome ? outcome.cause : undefined
    unknown ||= outcome.kind === 'unknown' || outcome.kind === 'stored'
    try {
      if (closed()) throw closedError()
      if (cause !== undefined) await pause(topic, deadline, cause)
      await topic.sync()
    } catch (error) {
      if (!unknown) throw error
      cause = error
    }
    if (seen) return { kind: 'accepted' }
    if (topic.replica.tip?.id !== tip.id) return passedBy(unknown, cause)
    if (settings.clock.now() < deadline) continue
    if (unknown) return { kind: 'doubtful', cause }
    throw untaken(topic.name, cause)
  }
}

/** The error for what JetStream did not take. */
export function untaken(topic: string, cause: unknown): LogUnavailable {
  return new LogUnavailable(`Cannot append to "${topic}": JetStream does not take it`, { cause })
}

async function pause({ name, parts }: Topic, deadline: number, cause: unknown): Promise<void> {
  const { link, settings, stream } = parts
  const leftMs = deadline - settings.clock.now()
  if (leftMs <= 0) throw untaken(name, cause)
  if (!link.healthy) return link.waitForHealth(leftMs)
  await link.wait(Math.min(RETRY_MS, leftMs))
  // The stream may be gone. That it cannot be asked now is no news.
  await stream.ensure().catch(() => {})
}

// Whether a block follows right behind a sequence. That it cannot be found out now is a no: what follows finds out.
async function isNext(stream: Stream, topic: string, after: number, stored: Stored): Promise<boolean> {
  if (!stream.replicated) return true
  const found = await stream.firstFrom(topic, after + 1).catch(() => null)
  return found?.block.id === stored.block.id
}
