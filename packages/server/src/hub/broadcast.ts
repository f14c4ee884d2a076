import type { Delivery, Variant } from '@rollcall/core'
import { Frame, type FrameKind } from './frame.ts'

/** A delivery with its frames: one a variant, encoded when first asked for. */
export class Broadcast {
  readonly delivery: Delivery
  readonly kind: FrameKind
  // Nearly always one or two variants: a list is smaller and faster than a map.
  readonly #ids: string[] = []
  readonly #frames: Frame[] = []

  constructor(delivery: Delivery, kind: FrameKind) {
    this.delivery = delivery
    this.kind = kind
  }

  frame(variant: Variant): Frame {
    const at = this.#ids.indexOf(variant.id)
    const known = this.#frames[at]
    if (known) return known
    const frame = new Frame(variant.message(this.delivery), this.kind)
    this.#ids.push(variant.id)
    this.#frames.push(frame)
    return frame
  }
}
