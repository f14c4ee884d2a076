import type { ChannelSpec } from '@rollcall/core'
import type { Frame, Ref } from './frames.ts'

/** An end that the client asked for: to leave the topic, or to join it anew. */
export type Asked = { readonly kind: 'leave' | 'replace'; readonly frame: Frame }

/** Why a joined channel is being left, and so what its client is told when it is. */
export type Ending =
  | Asked
  /** It cannot go on as it is: the client has to join again. */
  | { readonly kind: 'error'; readonly reason: object }

export type PlaceState =
  /** The server is deciding. */
  | { readonly kind: 'joining' }
  | { readonly kind: 'joined' }
  /** The server was asked to end it. */
  | { readonly kind: 'ending'; readonly ending: Ending }

/** A client's channel. */
export class Place {
  readonly topic: string
  readonly spec: ChannelSpec
  /** The ref of its join. Frames that name another one are of a channel that is gone. */
  readonly joinRef: Ref
  /** What the join was asked with: its reply goes there. */
  readonly ref: Ref
  /** The join of the channel whose place this one takes; null if there was none. */
  readonly replaced: Ref | null
  state: PlaceState = { kind: 'joining' }
  /** Pushes that the server has not answered. */
  pending = 0
  /** What came for the topic and must wait until the state is another one. */
  readonly waiting: Frame[] = []
  /** When the first of them came. */
  waitingSince = 0
  /** A roster could not be asked for, and is to be asked for again. */
  rosterDue = false

  constructor({ topic, joinRef, ref }: Frame, spec: ChannelSpec, replaced: Ref | null) {
    this.topic = topic
    this.spec = spec
    this.joinRef = joinRef
    this.ref = ref
    this.replaced = replaced
  }
}
