import type { Gap, Message, Room } from '@rollcall/client'
import type { ChannelSpec, EmitNames, Position, RollcallError, Undo } from '@rollcall/core'

/** A message, or the place where some are missing. */
export type Item<S extends ChannelSpec, E extends EmitNames<S>> = Message<S, E> | Gap

export interface MessageListOptions {
  /** Messages to read when the list begins, on a channel with history. Default 50. */
  readonly initial?: number
  /** Messages to read with each `loadOlder`. Default 50. */
  readonly page?: number
  /** Items held: beyond it the oldest go. Default 1,000. */
  readonly limit?: number
}

/** What a list shows. A new object at each change, the same one in between. */
export interface MessageListView<S extends ChannelSpec, E extends EmitNames<S>> {
  /** Oldest first. A `Gap` stands where messages were missed for good. */
  readonly items: readonly Item<S, E>[]
  /** Whether there is more to load before the first item. */
  readonly more: boolean
  readonly loading: boolean
  /** Why the latest reading of history failed. */
  readonly error: RollcallError | null
}

/** Whether an item is a gap. */
export function isGap<S extends ChannelSpec, E extends EmitNames<S>>(item: Item<S, E>): item is Gap {
  return !('event' in item)
}

/** The newest messages of a room, as they come, with older ones on demand. Listens while somebody is subscribed. */
export class MessageList<S extends ChannelSpec, E extends EmitNames<S>> {
  readonly #room: Room<S>
  readonly #event: E
  readonly #options: Required<MessageListOptions>
  readonly #listeners = new Set<() => void>()
  #view: MessageListView<S, E> = { items: [], more: false, loading: false, error: null }
  #undos: Undo[] = []
  #begun = false

  constructor(room: Room<S>, event: E, { initial = 50, page = 50, limit = 1_000 }: MessageListOptions = {}) {
    this.#room = room
    this.#event = event
    this.#options = { initial, page, limit }
  }

  readonly view = (): MessageListView<S, E> => this.#view

  readonly subscribe = (listener: () => void): Undo => {
    const own = () => listener()
    this.#listeners.add(own)
    if (this.#listeners.size === 1) this.#listen()
    return () => {
      this.#listeners.delete(own)
      if (this.#listeners.size === 0) for (const undo of this.#undos.splice(0)) undo()
    }
  }

  #listen(): void {
    const begin = () => {
      if (this.#room.state.kind !== 'joined') return
      // Whatever was said while nobody listened is read as well.
      this.#begun = true
      void this.#read({ limit: this.#options.initial })
    }
    this.#undos = [
      this.#room.on(this.#event, (_, message) => this.#put([message])),
      this.#room.onGap((gap) => this.#put([gap])),
      this.#room.subscribeState(() => {
        if (!this.#begun) begin()
      }),
    ]
    begin()
  }

  /** Reads messages before the first item. Ends at once if there are none, or one reading is under way. */
  readonly loadOlder = async (): Promise<void> => {
    const { items, more, loading } = this.#view
    const position = items.find((item) => item.position !== null)?.position
    if (!more || loading || !position) return
    // Behind a gap into another epoch there is nothing that the history of today could tell.
    if (position.epoch !== this.#room.position?.epoch) this.#change({ more: false })
    else await this.#read({ before: position.offset, limit: this.#options.page })
  }

  async #read(range: { readonly before?: number; readonly limit: number }): Promise<void> {
    this.#change({ loading: true, error: null })
    try {
      const { messages, more, epoch } = await this.#room.history(range)
      if (range.before === undefined) this.#forgetBefore(messages[0]?.position ?? null)
      this.#put(messages.filter((message): message is Message<S, E> => message.event === this.#event))
      const { items } = this.#view
      const reaches = items.length === 0 || items[0]?.position?.epoch === epoch
      this.#change({ loading: false, more: more && reaches && items.length < this.#options.limit })
    } catch (error) {
      const { code } = error as RollcallError
      this.#change({ loading: false, error: code === 'no_history' ? null : (error as RollcallError) })
    }
  }

  /** The newest messages begin here: if that is beyond the items held, they have a hole behind them, and go. */
  #forgetBefore(position: Position | null): void {
    const newest = this.#view.items.findLast((item) => item.position !== null)?.position
    if (!position || !newest) return
    if (newest.epoch !== position.epoch || position.offset > newest.offset + 1) this.#change({ items: [] })
  }

  /** Adds items: those with a position in their place and once, others at the end. */
  #put(added: readonly Item<S, E>[]): void {
    const items = [...this.#view.items]
    for (const item of added) {
      let at = items.length
      while (isBefore(item, items[at - 1])) at -= 1
      const before = items[at - 1]
      const known = before && !isGap(before) && !isGap(item) && isSame(before.position, item.position)
      if (!known) items.splice(at, 0, item)
    }
    const dropped = items.length - this.#options.limit
    if (dropped > 0) items.splice(0, dropped)
    this.#change({ items, ...(dropped > 0 && { more: false }) })
  }

  #change(changed: Partial<MessageListView<S, E>>): void {
    this.#view = { ...this.#view, ...changed }
    for (const listener of this.#listeners) listener()
  }
}

interface Placed {
  readonly position: Position | null
}

/** Whether an item belongs before another: of what has no position, or one of another epoch, nothing is known. */
function isBefore(item: Placed & object, other: (Placed & object) | undefined): boolean {
  if (!item.position || !other?.position || item.position.epoch !== other.position.epoch) return false
  // A gap stands behind the message whose position it has.
  const least = 'event' in other ? 1 : 0
  return other.position.offset >= item.position.offset + least
}

function isSame(a: Position | null, b: Position | null): boolean {
  return a !== null && b !== null && a.epoch === b.epoch && a.offset === b.offset
}
