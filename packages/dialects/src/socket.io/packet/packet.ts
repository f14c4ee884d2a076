/** A packet of Socket.IO as it came in. Ack ids stay the digits that they are: they are only ever echoed. */
export type SioPacket =
  | { readonly kind: 'connect'; readonly nsp: string; readonly auth: Readonly<Record<string, unknown>> | undefined }
  | { readonly kind: 'disconnect'; readonly nsp: string }
  | {
      readonly kind: 'event'
      readonly nsp: string
      readonly id: string | null
      readonly event: string
      readonly args: readonly unknown[]
    }
  | { readonly kind: 'ack'; readonly nsp: string; readonly id: string | null; readonly args: readonly unknown[] }

/** What is wrong with a frame. The connection cannot go on: what follows could be read wrong. */
export interface Fault {
  readonly kind: 'fault'
  readonly reason: string
  readonly tooDeep: boolean
}

/** What bounds a packet. */
export interface PacketLimits {
  /** Nesting of its JSON, the array of arguments included. */
  readonly depth: number
  readonly attachments: number
  /** Bytes of all attachments of one packet. */
  readonly attachedBytes: number
}

export function fault(reason: string, tooDeep = false): Fault {
  return { kind: 'fault', reason, tooDeep }
}

/** Names of events that clients and servers raise by themselves: as events of a peer they would be taken for those. */
export const RESERVED: ReadonlySet<string> = new Set([
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
])
