/** Something from the server that its schema refused. */
export interface InvalidMessage {
  readonly topic: string
  readonly kind: 'emit' | 'call'
  /** The event or the call. */
  readonly name: string
  /** As it came. */
  readonly payload: unknown
  /** What the schema found. */
  readonly issues: string
}
