import type { Delivery, Payload, RosterCount, RosterDiff, Variant } from '@rollcall/core'
import type { EngineVersion } from './engine/packet.ts'
import { encodeEvent, namespacePrefix } from './packet/encode.ts'
import { toPresenceEvent } from './presence.ts'
import { encodeOffset } from './recovery.ts'

/** Everything that two subscribers must have in common to get the same bytes. */
export interface Manner {
  readonly nsp: string
  readonly version: EngineVersion
  /** Whether events carry their offset as a last argument. */
  readonly offsets: boolean
}

/** How the clients of one namespace are spoken to: an event is its name and one argument, the payload. */
export class SocketIoVariant implements Variant {
  readonly id: string
  readonly #prefix: string
  readonly #manner: Manner
  readonly #spread: ReadonlySet<string>

  constructor(manner: Manner, spread: ReadonlySet<string>) {
    const { nsp, version, offsets } = manner
    this.id = `socket.io ${version} ${offsets ? 'offsets' : 'bare'} ${nsp}`
    this.#prefix = namespacePrefix(nsp)
    this.#manner = manner
    this.#spread = spread
  }

  message({ event, payload, position }: Delivery): readonly Payload[] {
    const args = this.#spread.has(event) && Array.isArray(payload) ? [event, ...payload] : [event, payload]
    const { offsets, version } = this.#manner
    if (offsets && position) args.push(encodeOffset(position))
    // A client would keep any text at the end for an offset.
    else if (offsets && typeof args.at(-1) === 'string') args.push(null)
    return encodeEvent(this.#prefix, args, version)
  }

  presence(_topic: string, diff: RosterDiff): readonly Payload[] {
    return encodeEvent(this.#prefix, toPresenceEvent(diff), this.#manner.version)
  }

  count(_topic: string, count: RosterCount): readonly Payload[] {
    return encodeEvent(this.#prefix, toPresenceEvent(count), this.#manner.version)
  }

  position(): null {
    return null
  }
}

const MAX_KEPT = 1_000

/** Variants by what they are made of: thousands of clients of one namespace share one. */
export class Variants {
  readonly #spread: ReadonlySet<string>
  readonly #kept = new Map<string, SocketIoVariant>()

  constructor(spread: ReadonlySet<string>) {
    this.#spread = spread
  }

  of(manner: Manner): SocketIoVariant {
    const key = `${manner.version}${manner.offsets}${manner.nsp}`
    const known = this.#kept.get(key)
    if (known) return known
    // Namespaces are made up by clients: what is kept is bounded, and what is not kept works as well.
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear()
    const variant = new SocketIoVariant(manner, this.#spread)
    this.#kept.set(key, variant)
    return variant
  }
}
