import type { GapReason, Position } from '@rollcall/core'
import type { Log, LogListener } from 'rollcall/log'

/** Bounds that no test reaches. */
export const WIDE = { messages: 100_000, ageMs: 86_400_000, bytes: 1 << 30 }

/** A record with a payload. */
export const record = (payload: unknown) => ({ event: 'message', payload, from: null, at: 1_700_000_000_000 })

/** What a follower has heard: `epoch` numbered from 0 in the order of appearance. */
export interface Heard extends LogListener {
  readonly messages: { readonly epoch: string; readonly offset: number; readonly payload: unknown }[]
  readonly resets: { readonly reason: GapReason; readonly position: Position }[]
  readonly offsets: number[]
  readonly payloads: unknown[]
}

/** A listener that remembers. */
export function hearing(): Heard {
  const messages: Heard['messages'] = []
  const resets: Heard['resets'] = []
  return {
    messages,
    resets,
    get offsets() {
      return messages.map((each) => each.offset)
    },
    get payloads() {
      return messages.map((each) => each.payload)
    },
    message: ({ offset, payload }, epoch) => void messages.push({ epoch, offset, payload }),
    reset: (reason, position) => void resets.push({ reason, position }),
  }
}

/** All that a log keeps of a topic, as `offset: payload`. */
export async function everything(log: Log, topic: string): Promise<string[]> {
  const found: string[] = []
  for (let after = 0; ; ) {
    const { messages } = await log.readAfter(topic, after, 500)
    if (messages.length === 0) return found
    for (const { offset, payload } of messages) found.push(`${offset}: ${payload}`)
    after = messages.at(-1)!.offset
  }
}

/** 1, 2, 3, … up to `count`. */
export const upTo = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i)
