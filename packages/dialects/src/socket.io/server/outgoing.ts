import type { Delivery, Payload, Variant } from '@rollcall/core'
import { Broadcast, DIRECT, type FrameKind } from 'rollcall/hub'
import type { EngineVersion } from '../engine/packet.ts'
import { encodeEvent, namespacePrefix } from '../packet/encode.ts'

/** An event on its way to clients. */
export interface Outgoing {
  /** Its name, then its arguments. */
  readonly args: readonly unknown[]
  /** The number by which clients acknowledge it; null if they are not to. */
  readonly ack: number | null
  /** Where the namespace's history stands with it, as recovering clients keep it; null where they do not recover. */
  readonly offset: string | null
}

const VOLATILE: FrameKind = { ...DIRECT, volatile: true }

/** How clients of one namespace are spoken to. Those that recover find the offset behind an event's arguments. */
export class EventVariant implements Variant {
  readonly id: string
  readonly #prefix: string
  readonly #version: EngineVersion
  readonly #offsets: boolean

  constructor(nsp: string, version: EngineVersion, offsets: boolean) {
    this.id = `${version}${offsets ? ' offsets' : ''}`
    this.#prefix = namespacePrefix(nsp)
    this.#version = version
    this.#offsets = offsets
  }

  message({ payload }: Delivery): readonly Payload[] {
    return this.encode(payload as Outgoing)
  }

  encode({ args, ack, offset }: Outgoing): readonly Payload[] {
    if (ack !== null) return encodeEvent(`${this.#prefix}${ack}`, args, this.#version)
    return encodeEvent(this.#prefix, this.#offsets && offset !== null ? [...args, offset] : args, this.#version)
  }

  presence(): null {
    return null
  }

  count(): null {
    return null
  }

  position(): null {
    return null
  }
}

/** An event for many. `isVolatile`: it may be dropped where a connection is slow. */
export function broadcastOf(outgoing: Outgoing, isVolatile: boolean): Broadcast {
  const delivery: Delivery = { topic: '', event: '', payload: outgoing, from: null, at: 0, position: null }
  return new Broadcast(delivery, isVolatile ? VOLATILE : DIRECT)
}
