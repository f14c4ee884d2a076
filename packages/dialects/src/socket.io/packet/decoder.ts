import type { Payload } from '@rollcall/core'
import { attach } from './attachments.ts'
import { decode, type Incomplete } from './decode.ts'
import { type Fault, fault, type PacketLimits, type SioPacket } from './packet.ts'

/** Reads the messages of one connection: a packet is one text, or one text and the bytes that it announces. */
export class PacketDecoder {
  readonly #limits: PacketLimits
  #waiting: Incomplete | null = null
  #attached: Uint8Array[] = []
  #bytes = 0

  constructor(limits: PacketLimits) {
    this.#limits = limits
  }

  /** Whether bytes are still to come: nothing else may come between. */
  get incomplete(): boolean {
    return this.#waiting !== null
  }

  /** Null if more has to come. After a fault nothing that follows can be trusted. */
  take(message: Payload): SioPacket | Fault | null {
    if (typeof message !== 'string') return this.#attach(message)
    if (this.#waiting) return fault('text among attachments')
    const packet = decode(message, this.#limits)
    if (packet.kind !== 'incomplete') return packet
    this.#waiting = packet
    return null
  }

  #attach(bytes: Uint8Array): SioPacket | Fault | null {
    const waiting = this.#waiting
    if (!waiting) return fault('bytes that nothing announced')
    this.#bytes += bytes.length
    if (this.#bytes > this.#limits.attachedBytes) return fault('attachments are too big')
    this.#attached.push(bytes)
    if (this.#attached.length < waiting.attachments) return null
    const attached = this.#attached
    this.#waiting = null
    this.#attached = []
    this.#bytes = 0
    const { packet } = waiting
    return attach(packet.args as unknown[], attached) ? packet : fault('a placeholder without its attachment')
  }
}
