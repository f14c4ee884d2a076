import type { Stored } from './block.ts'
import { follows } from './replica.ts'
import type { Stream } from './stream.ts'

const PAGE_BLOCKS = 256

/**
 * The block of the log that stands where `stored` claims to: itself, unless the stream had stored another one for its place
 * before. A stream on one server never has.
 */
export async function standing(stream: Stream, topic: string, stored: Stored): Promise<Stored> {
  if (!stream.replicated) return stored
  const { prev, prevId } = stored.block
  for (let from = prev + 1; from < stored.seq; ) {
    const found = await stream.firstFrom(topic, from)
    if (!found || found.seq >= stored.seq) break
    if (follows(found.block, { seq: prev, id: prevId })) return found
    from = found.seq + 1
  }
  return stored
}

/** The end of the log, where `last` is the topic's newest block in the stream, which may be void. */
export async function endOf(stream: Stream, topic: string, last: Stored): Promise<Stored> {
  let end = await standing(stream, topic, last)
  while (end.seq < last.seq) {
    const page = await stream.range(topic, { seq: end.seq + 1 }, { limit: PAGE_BLOCKS, until: last.seq })
    const before = end
    for (const stored of page) if (follows(stored.block, placeOf(end))) end = stored
    const read = page.at(-1)?.seq ?? last.seq
    if (read >= last.seq || end === before) break
  }
  return end
}

/** A block's place, for others to name. */
export function placeOf({ seq, block }: Stored): { readonly seq: number; readonly id: string } {
  return { seq, id: block.id }
}
