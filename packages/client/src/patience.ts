/** How long to wait for an answer, and for whom. */
export interface Patience {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
}
