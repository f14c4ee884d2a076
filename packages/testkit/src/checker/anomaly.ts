import type { HistoryRecord } from '../history/records.ts'

/** What can be wrong with a history. */
export const ANOMALIES = [
  /** Delivered, though nobody had sent it. */
  'forged',
  /** Delivered, though its sender was told that it was not accepted. */
  'aborted',
  /** Two values at one position. */
  'divergence',
  /** Two values at one position, and both were accepted there. */
  'fencing',
  /** Accepted in an old epoch, after a new one had begun. */
  'stale_epoch',
  /** One value at two positions, or delivered twice. */
  'duplicate',
  /** Positions of a membership that leave one out, and no gap was told. */
  'skip',
  /** Positions of a membership that go back. */
  'inversion',
  /** A delivery without a position where there must be one. */
  'unplaced',
  /** Accepted, and not delivered to a membership that went on beyond it. */
  'loss',
  /** Accepted, and not in the log at the end, though nothing trimmed it. */
  'tail_loss',
  /** The log at the end has a hole, or keeps less than it must. */
  'hole',
  /** Accepted before the other one was sent, and placed behind it. */
  'real_time_order',
  /** A publisher's messages in another order than it sent them. */
  'publisher_order',
  /** Delivered before the join was answered, or to nobody who joined. */
  'before_join',
  /** Delivered after the membership had ended. */
  'after_leave',
  /** Delivered to somebody who may not have it any more. */
  'unauthorised',
  /** A member is seen who is not there. */
  'ghost',
  /** A member is not seen who is there. */
  'missing',
  /** A member is seen with other metadata than it has. */
  'stale_meta',
  /** A member was seen to leave who was there all the time. */
  'flap',
  /** Sent when everything was healed, and not accepted. */
  'unanswered',
  /** Interrupted, and not back although everything was healed. */
  'not_back',
  /** A record that cannot be: the harness is wrong, or the history was tampered with. */
  'malformed',
] as const

export type AnomalyName = (typeof ANOMALIES)[number]

/** Something that breaks a promise, with the records that show it. */
export interface Anomaly {
  readonly anomaly: AnomalyName
  /** The rule that found it. */
  readonly rule: string
  /** A sentence that says what is wrong. */
  readonly message: string
  readonly records: readonly HistoryRecord[]
}

/** Hears of an anomaly. */
export type Accuse = (
  anomaly: AnomalyName,
  message: string,
  ...records: readonly (HistoryRecord | null | undefined)[]
) => void
