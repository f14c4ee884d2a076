import type { HistoryRecord } from './records.ts'

type WithoutTime<R> = R extends unknown ? Omit<R, 'at'> : never

/** What happened, in order. */
export interface History {
  readonly records: readonly HistoryRecord[]
  /** Adds a record with the present time. */
  add(record: WithoutTime<HistoryRecord>): void
  /** The records as JSON, one a line. */
  lines(): string
}

/** Begins a history. `now` tells milliseconds of a monotonic clock. */
export function history(now: () => number): History {
  const records: HistoryRecord[] = []
  return {
    records,
    add: (record) => void records.push({ at: now(), ...record } as HistoryRecord),
    lines: () => toLines(records),
  }
}

/** Records as JSON, one a line. */
export function toLines(records: readonly HistoryRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('')
}

/**
 * Reads histories that were written as lines, of one process or of several, and joins them by time.
 * @throws SyntaxError naming the line that is not a record.
 */
export function fromLines(...texts: readonly string[]): HistoryRecord[] {
  const records: HistoryRecord[] = []
  for (const text of texts)
    for (const [i, line] of text.split('\n').entries()) if (line.trim() !== '') records.push(toRecord(line, i + 1))
  // Stable: what one process recorded within one tick of its clock stays in order.
  return records.sort((a, b) => a.at - b.at)
}

function toRecord(line: string, number: number): HistoryRecord {
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch (cause) {
    throw new SyntaxError(`Line ${number} of the history is not JSON`, { cause })
  }
  const { kind, at } = (record ?? {}) as { kind?: unknown; at?: unknown }
  if (typeof kind !== 'string' || typeof at !== 'number')
    throw new SyntaxError(`Line ${number} of the history is no record: it needs a kind and a time`)
  return record as HistoryRecord
}
