/** What a request is answered with. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Default: none. */
  readonly body?: string | Uint8Array
}

/** Why the body of a request was not read. */
export type BodyFault =
  /** It is, or says that it is, above the limit. The rest of it is thrown away as it comes. */
  | 'too_big'
  /** It was not all there in time. */
  | 'too_slow'
  /** The client went away in the middle of it. */
  | 'gone'

/** One HTTP request that is answered whenever there is something to say. */
export interface Exchange {
  readonly method: string
  /** Path and query as the client asked for them. */
  readonly url: URL
  /** A header's value by its lower-case name. */
  header(name: string): string | undefined
  /** Answers, once: later calls do nothing. `left` is called when all of it has gone to the operating system. */
  answer(answer: Answer, left?: () => void): void
  /** Cuts the connection without an answer. */
  destroy(): void
  /** Calls `task` if the client goes away before its answer has left; not after. */
  onGone(task: () => void): void
  /** Reads the body, whole; calls `done` once. Bytes are the caller's to keep. */
  readBody(
    limits: { readonly maxBytes: number; readonly withinMs: number },
    done: (body: Uint8Array | BodyFault) => void,
  ): void
}
