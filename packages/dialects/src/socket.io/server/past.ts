import { PacketDecoder } from '../packet/decoder.ts'
import { toBuffer } from './buffer.ts'
import type { Kept } from './history.ts'

/** An event that was sent some time ago. */
export interface PastEvent {
  readonly event: string
  readonly args: readonly unknown[]
  /** Milliseconds since the Unix epoch. */
  readonly at: number
}

const UNBOUNDED = {
  depth: Number.POSITIVE_INFINITY,
  attachments: Number.POSITIVE_INFINITY,
  attachedBytes: Number.POSITIVE_INFINITY,
}

/** Reads an event back as it was sent, whatever has become of its arguments. `offsets`: the last one is an offset. */
export function toPastEvent({ payloads, at }: Kept, offsets: boolean): PastEvent {
  const decoder = new PacketDecoder(UNBOUNDED)
  let packet: ReturnType<PacketDecoder['take']> = null
  for (const payload of payloads)
    packet = decoder.take(typeof payload === 'string' ? payload.slice(1) : toBuffer(payload))
  if (packet?.kind !== 'event') throw new Error('An event of the history cannot be read')
  return { event: packet.event, args: offsets ? packet.args.slice(0, -1) : packet.args, at }
}
