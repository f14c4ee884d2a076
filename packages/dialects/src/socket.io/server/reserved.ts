import { RESERVED } from '../packet/packet.ts'

/** @throws Error if `event` is one that clients and servers raise by themselves. */
export function refuseReserved(event: string | symbol): void {
  if (typeof event === 'string' && RESERVED.has(event)) throw new Error(`"${event}" is a reserved event name`)
}

/** Splits what `emit` was given: the arguments to send, and who waits for an answer. */
export function splitAck(args: readonly unknown[]): {
  readonly sent: readonly unknown[]
  readonly ack: ((...args: unknown[]) => unknown) | null
} {
  const last = args.at(-1)
  if (typeof last !== 'function') return { sent: args, ack: null }
  return { sent: args.slice(0, -1), ack: last as (...args: unknown[]) => unknown }
}
