/** Takes back what the call that answered it did. Calling it again does nothing. */
export type Undo = () => void

/** Time as a parameter, so that tests own it. `systemClock` is the real one. */
export interface Clock {
  /** Milliseconds since the Unix epoch; never runs backwards within a process. */
  now(): number
  /** Runs `task` once, at least `ms` milliseconds from now, unless undone. */
  after(ms: number, task: () => void): Undo
  /** Runs `task` once, at the end of the current turn: after everything that is ready now, before any timer. */
  soon(task: () => void): Undo
}

/** Chance as a parameter, so that tests can repeat it. */
export interface Random {
  /** A number in [0, 1). */
  fraction(): number
  /** An unguessable text of `bytes` random bytes in base64url. Default 16 bytes. */
  token(bytes?: number): string
}
