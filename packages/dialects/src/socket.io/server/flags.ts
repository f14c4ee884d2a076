/** How an event is sent. */
export interface SendFlags {
  /** It may be dropped where a connection is slow. */
  readonly volatile: boolean
  /** Not to the sockets of other servers. */
  readonly local: boolean
  /** How long acknowledgements are waited for, in milliseconds; null: until they are there, or their sockets gone. */
  readonly timeoutMs: number | null
}

export const NO_FLAGS: SendFlags = { volatile: false, local: false, timeoutMs: null }
