/**
 * Where a message stands in its topic's log. Offsets rise by one from 1 within an epoch; a new epoch means that the log
 * was lost or replaced, and that offsets of the old one mean nothing any more.
 */
export interface Position {
  readonly epoch: string
  /** A whole number from 0 (before the first message) to 2^53 - 1. */
  readonly offset: number
}

/** Why a client cannot be given everything it missed. */
export type GapReason =
  /** The log no longer holds the messages after the client's position. */
  | 'too_old'
  /** The log that gave the client its position does not exist any more. */
  | 'epoch_changed'
  /** The client's position lies beyond the log's end: the log lost its tail. */
  | 'beyond_end'
  /** The log could not be read. */
  | 'unavailable'
  /** The channel keeps no history, and the connection was lost. Found by the client; never on the wire. */
  | 'not_kept'

/** Whether `value` is an offset. */
export function isOffset(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
