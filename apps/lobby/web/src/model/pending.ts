import type { Position } from '@rollcall/core'
import { idOf, type Said } from './timeline.ts'

// What one has sent, until it is seen among the messages: a value.

type Outcome =
  /** On its way, or waiting for the connection. */
  | { readonly kind: 'sending' }
  /** Accepted. `id` is its message's; null if the server did not say. */
  | { readonly kind: 'sent'; readonly id: string | null }
  /** Not accepted; `unsure` if it may have been. */
  | { readonly kind: 'failed'; readonly why: string; readonly unsure: boolean }

interface Pending {
  readonly id: number
  readonly text: string
  readonly at: number
  readonly outcome: Outcome
  /** The message that it is taken for, although the server's answer is not there yet. */
  readonly seenAs: string | null
}

/** Sends are shown in the order in which they were made. */
export type Outbox = readonly Pending[]

export function sending(outbox: Outbox, id: number, text: string, at: number): Outbox {
  return [...outbox, { id, text, at, outcome: { kind: 'sending' }, seenAs: null }]
}

/** The server has accepted it, as the message at this position. `seen` says whether a message is shown already. */
export function sent(outbox: Outbox, id: number, position: Position | null, seen: (id: string) => boolean): Outbox {
  const as = position && idOf(position)
  if (as === null || seen(as)) return outbox.filter((pending) => pending.id !== id)
  return outbox.map((pending) =>
    pending.id === id ? { ...pending, outcome: { kind: 'sent', id: as }, seenAs: null } : pending,
  )
}

/** It was not accepted, or nobody knows. */
export function failed(outbox: Outbox, id: number, why: string, unsure: boolean): Outbox {
  const outcome: Outcome = { kind: 'failed', why, unsure }
  return outbox.map((pending) => (pending.id === id ? { ...pending, outcome, seenAs: null } : pending))
}

export function dropped(outbox: Outbox, id: number): Outbox {
  return outbox.filter((pending) => pending.id !== id)
}

/** An own message is shown now. It stands for the accepted one of its id, else for the oldest open one of its text. */
export function seen(outbox: Outbox, said: Said): Outbox {
  if (outbox.length === 0) return outbox
  const known = outbox.filter(({ outcome }) => !(outcome.kind === 'sent' && outcome.id === said.id))
  if (known.length < outbox.length) return known
  const at = outbox.findIndex(
    ({ text, outcome, seenAs }) => text === said.text && outcome.kind === 'sending' && seenAs === null,
  )
  const first = outbox[at]
  return first ? outbox.with(at, { ...first, seenAs: said.id }) : outbox
}

/** What is to be shown below the messages. */
export function shown(outbox: Outbox): Outbox {
  return outbox.filter(({ seenAs }) => seenAs === null)
}
