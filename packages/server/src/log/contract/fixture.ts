import type { Log, Retention } from '../log.ts'

/** A log under test, and what the suite may do with it. */
export interface LogFixture {
  readonly log: Log
  /** Lets at least `ms` milliseconds pass for the log, by its clock, and gives its asynchronous work a turn. */
  elapse(ms: number): void | Promise<void>
  /** For `durable` logs: opens what `log`, closed by the suite, has left. The suite closes the answer. */
  reopen?(): Promise<Log>
  /** Called after each case, the log closed. */
  dispose?(): void | Promise<void>
}

/** When a bound of retention shows: with the next read, some time later, or never (its cases are skipped). */
export type BoundTrait = 'exact' | 'eventually' | 'absent'

/** What an implementation promises otherwise than a log that does everything at once. */
export interface LogTraits {
  /** Default: every bound is exact. */
  readonly retention?: { readonly [bound in keyof Retention]?: BoundTrait }
  /** Whether an idempotency key of one topic means nothing in another. Default true. */
  readonly keysPerTopic?: boolean
  /** Whether the log can be opened again, as `LogFixture.reopen` does. Default false. */
  readonly durable?: boolean
  /** The topic names to try. Default: `contractTopics`. */
  readonly topics?: readonly string[]
}

/** What the suite needs of a test runner: vitest and Jest have it under these names. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: ((name: string, body: () => Promise<void>) => unknown) & {
    readonly skip: (name: string, body: () => Promise<void>) => unknown
  }
  readonly expect: (actual: unknown) => {
    toBe(expected: unknown): unknown
    toEqual(expected: unknown): unknown
  }
}

/** Makes a log that remembers idempotency keys for `idempotencyWindowMs`, empty or with topics of its own alone. */
export type MakeLog = (options: { readonly idempotencyWindowMs: number }) => LogFixture | Promise<LogFixture>
