import type { Gap, Message, MessageContext, Room } from '@rollcall/client'
import type { ChannelSpec, EmitNames, Position, RollcallError, Undo } from '@rollcall/core'

/** A message, or the place where some are missing. `key` names it as long as the list has it. */
export type Item<S extends ChannelSpec, E extends EmitNames<S>> =
  | { readonly kind: 'message'; readonly key: string; readonly message: Message<S, E> }
  | { readonly kind: 'gap'; readonly key: string; readonly gap: Gap }

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
  /** Oldest first. A gap stands where messages were missed for good. */
  readonly items: readonly Item<S, E>[]
  /** Whether there is more to load before the first item. */
  readonly more: boolean
  readonly loading: boolean
  /** Why the latest reading of history failed. */
  readonly error: RollcallError | null
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
  /** Items that had no position so far. */
  #unplaced = 0

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
      this.#room.on(this.#event, (_, message) => this.#put([this.#message(message)])),
      this.#room.onGap((gap) => this.#put([{ kind: 'gap', key: this.#key('gap', gap), gap }])),
      this.#room.subscribeState(() => {
        if (!this.#begun) begin()
      }),
    ]
    begin()
  }

  /** Reads messages before the first item. Ends at once if there are none, or one reading is under way. */
  readonly loadOlder = async (): Promise<void> => {
    const { items, more, loading } = this.#view
    const position = items.map(positionOf).find((each) => each !== null)
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
      this.#put(messages.flatMap((each) => (each.event === this.#event ? this.#message(each as Message<S, E>) : [])))
      const { items } = this.#view
      const [first] = items
      const reaches = !first || positionOf(first)?.epoch === epoch
      this.#change({ loading: false, more: more && reaches && items.length < this.#options.limit })
    } catch (error) {
      const { code } = error as RollcallError
      this.#change({ loading: false, error: code === 'no_history' ? null : (error as RollcallError) })
    }
  }

  /** The newest messages begin here: if that is beyond the items held, they have a hole behind them, and go. */
  #forgetBefore(position: Position | null): void {
    const newest = this.#view.items.map(positionOf).findLast((each) => each !== null)
    if (!position || !newest) return
    if (newest.epoch !== position.epoch || position.offset > newest.offset + 1) this.#change({ items: [] })
  }

  #message(message: Message<S, E>): Item<S, E> {
    return { kind: 'message', key: this.#key('message', message), message }
  }

  #key(kind: string, { position }: { readonly position: Position | null }): string {
    this.#unplaced += position ? 0 : 1
    return position ? `${kind} ${position.epoch} ${position.offset}` : `${kind} ${this.#unplaced}`
  }

  /** Adds items: those with a position in their place and once, others at the end. */
  #put(added: readonly Item<S, E>[]): void {
    const items = [...this.#view.items]
    for (const item of added) {
      let at = items.length
      while (isBefore(item, items[at - 1])) at -= 1
      if (items[at - 1]?.key !== item.key) items.splice(at, 0, item)
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

type AnyItem = Item<ChannelSpec, string>

function positionOf(item: Item<never, never> | AnyItem): Position | null {
  return item.kind === 'gap' ? item.gap.position : (item.message as MessageContext).position
}

/** Whether an item belongs before another: of what has no position, or one of another epoch, nothing is known. */
function isBefore(item: Item<never, never> | AnyItem, other: Item<never, never> | AnyItem | undefined): boolean {
  const place = positionOf(item)
  const others = other ? positionOf(other) : null
  if (!place || !others || place.epoch !== others.epoch) return false
  // A gap stands behind the message whose position it has.
  return others.offset >= place.offset + (other?.kind === 'gap' ? 0 : 1)
}
