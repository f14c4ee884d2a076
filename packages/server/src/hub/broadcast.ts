import type { Delivery, Variant } from '@rollcall/core'
import { Frame, type FrameKind } from './frame.ts'

/** A delivery with its frames: one a variant, encoded when first asked for. */
export class Broadcast {
  readonly kind: FrameKind
  // Nearly always one or two variants: a list is smaller and faster than a map.
  readonly #ids: string[] = []
  readonly #frames: Frame[] = []
  #delivery: Delivery | (() => Delivery)

  /** A delivery that is not at hand is made when it is first asked for. */
  constructor(delivery: Delivery | (() => Delivery), kind: FrameKind) {
    this.#delivery = delivery
    this.kind = kind
  }

  get delivery(): Delivery {
    if (typeof this.#delivery === 'function') this.#delivery = this.#delivery()
    return this.#delivery
  }

  frame(variant: Variant): Frame {
    const at = this.#ids.indexOf(variant.id)
    const known = this.#frames[at]
    if (known) return known
    const frame = new Frame(variant.message(this.delivery), this.kind)
    this.adopt(variant, frame)
    return frame
  }

  /** Takes a frame that was encoded elsewhere. */
  adopt(variant: Variant, frame: Frame): void {
    this.#ids.push(variant.id)
    this.#frames.push(frame)
  }
}
