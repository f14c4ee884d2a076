import type { Transport } from '../transport/transport.ts'
import { type Frame, Run } from './frame.ts'
import type { Subscriber, Taking } from './subscriber.ts'
import type { Turn } from './turn.ts'

// Keys of which the newest volatile frame is kept back for one slow connection; more are dropped.
const MAX_KEPT_BACK = 1_000

/** How much may wait for one connection. */
export interface OutboxLimits {
  /** Past this many bytes a connection counts as slow, and each channel's policy applies. */
  readonly bytes: number
  /** Past this many bytes volatile events are dropped, or conflated by key. */
  readonly volatileBytes: number
}

/** What an outbox says of itself. */
export interface OutboxOwner {
  /** Something that cannot be dropped did not fit: the connection must end as slow. */
  tooSlow(): void
  /** All is written: subscribers that are behind may go on. */
  hasRoom(): void
}

/** A frame for this connection alone. */
class Own {
  readonly frame: Frame
  next: Piece | null = null
  constructor(frame: Frame) {
    this.frame = frame
  }
}

/** A stretch of a group's run. */
class Stretch {
  readonly subscriber: Subscriber
  readonly frames: readonly Frame[]
  next: Piece | null = null
  constructor(subscriber: Subscriber, frames: readonly Frame[]) {
    this.subscriber = subscriber
    this.frames = frames
  }
}

type Piece = Own | Stretch

/**
 * A connection's queue of frames not yet written. In the common case it holds nothing but "from here on in that group's
 * run", and at the end of the turn writes the run that all share; only a connection with something of its own to write
 * gets a buffer of its own.
 */
export class Outbox implements Taking {
  readonly #transport: Transport
  readonly #turn: Turn
  readonly #limits: OutboxLimits
  readonly #owner: OutboxOwner
  // A chain, not an array: arrays that a storm of connections has kept alive, V8 makes among the old ones from then on.
  #first: Piece | null = null
  #last: Piece | null = null
  #open: Subscriber | null = null
  #start = 0
  #waiting = false
  #hurries = false
  // Bytes of frames for this connection alone that wait for the end of the turn.
  #ownBytes = 0
  // It did not fit: the connection is ending, and nothing more is taken.
  #full = false
  // The newest volatile frame of each key, kept back while the connection is slow, and whom it is for.
  #conflated: Map<string, { readonly frame: Frame; readonly subscriber: Subscriber }> | null = null

  constructor(transport: Transport, turn: Turn, limits: OutboxLimits, owner: OutboxOwner) {
    this.#transport = transport
    this.#turn = turn
    this.#limits = limits
    this.#owner = owner
  }

  /** Bytes that the transport holds. What waits for the end of the turn is not counted. */
  get bufferedBytes(): number {
    return this.#transport.bufferedBytes
  }

  /** Bytes that the transport holds, and those of `push` that wait for the end of the turn. */
  get waitingBytes(): number {
    return this.#transport.bufferedBytes + this.#ownBytes
  }

  /** Adds a frame for this connection alone. */
  push(frame: Frame): void {
    if (this.#full) return
    const waiting = this.waitingBytes
    // Here, not at the end of the turn: until then the answers to many requests would be made, and kept.
    if (waiting > 0 && waiting + frame.byteLength > this.#limits.bytes && !frame.kind.volatile) {
      this.#give()
      return
    }
    if (this.#open) this.end(this.#open)
    this.#ownBytes += frame.byteLength
    this.#append(new Own(frame))
    this.#wait()
    if (!this.#turn.pausing || this.#hurries) return
    this.#hurries = true
    this.#turn.hurry(this)
  }

  /** Takes part in a group's run from `start` on. Called by the group. */
  begin(subscriber: Subscriber, start: number): void {
    if (this.#open) this.end(this.#open)
    this.#open = subscriber
    this.#start = start
    this.#wait()
  }

  /** Takes no further part in the run of the subscriber's group, until the group's next frame. */
  end(subscriber: Subscriber): void {
    if (this.#open !== subscriber) return
    this.#open = null
    const { group } = subscriber
    if (!group) return
    this.#append(new Stretch(subscriber, group.slice(this.#start, group.length)))
    group.ended(subscriber)
  }

  #append(piece: Piece): void {
    if (this.#last) this.#last.next = piece
    else this.#first = piece
    this.#last = piece
  }

  #take(): Piece | null {
    const first = this.#first
    this.#first = null
    this.#last = null
    return first
  }

  #wait(): void {
    if (this.#waiting) return
    this.#waiting = true
    this.#turn.add(this)
  }

  /** Writes all that waits, in one write. Called at the end of the turn. */
  flush(): void {
    this.#waiting = false
    const buffered = this.#transport.bufferedBytes
    if (this.#first === null && this.#open?.group) {
      const run = this.#open.group.shared(this.#start)
      if (
        buffered === 0 ||
        (buffered <= this.#limits.volatileBytes && buffered + run.byteLength <= this.#limits.bytes)
      ) {
        this.#open = null
        this.#transport.write(run)
        return
      }
    }
    this.#flushPieces(buffered)
  }

  /** Writes what waits so far. Called before the end of a turn that is late. */
  flushEarly(): void {
    this.#hurries = false
    this.#flushPieces(this.#transport.bufferedBytes)
  }

  #flushPieces(buffered: number): void {
    if (this.#open) this.end(this.#open)
    const first = this.#take()
    if (!first) return
    this.#ownBytes = 0
    const frames: Frame[] = []
    let bytes = buffered
    // Those who left their group for want of room: what they got later in this turn would come behind a hole.
    let fallen: Set<Subscriber> | null = null
    for (let at: Piece | null = first; at; at = at.next) {
      const piece = at
      const own = piece instanceof Own
      const wanted = own ? [piece.frame] : piece.frames
      const kept =
        own || buffered <= this.#limits.volatileBytes ? wanted : this.#withoutVolatile(wanted, piece.subscriber)
      let size = 0
      for (const frame of kept) size += frame.byteLength
      const late = !own && fallen?.has(piece.subscriber) === true
      if (!late && (bytes === 0 || bytes + size <= this.#limits.bytes)) {
        for (const frame of kept) frames.push(frame)
        bytes += size
        continue
      }
      const wasIn = !own && piece.subscriber.index >= 0
      const left = own ? this.#withoutOwn(piece.frame) : piece.subscriber.overflowed(kept)
      if (wasIn && piece.subscriber.index < 0) {
        fallen ??= new Set()
        fallen.add(piece.subscriber)
      }
      if (left === null) {
        this.#give()
        return
      }
      for (const frame of left) {
        frames.push(frame)
        bytes += frame.byteLength
      }
    }
    if (frames.length > 0) this.#transport.write(new Run(frames))
  }

  // Gives up: what waits is let go together with the connection.
  #give(): void {
    this.#full = true
    this.#take()
    this.#ownBytes = 0
    this.#owner.tooSlow()
  }

  // A frame of its own that does not fit: what is volatile may go, anything else may not.
  #withoutOwn(frame: Frame): readonly Frame[] | null {
    if (!frame.kind.volatile) return null
    this.#turn.counters.volatileDropped++
    return []
  }

  #withoutVolatile(frames: readonly Frame[], subscriber: Subscriber): readonly Frame[] {
    if (!frames.some((frame) => frame.kind.volatile)) return frames
    const kept: Frame[] = []
    for (const frame of frames) {
      const { volatile, key } = frame.kind
      if (!volatile) kept.push(frame)
      // Nothing is kept back for those who have left: it would come behind the answer to their leave.
      else if (key === null || subscriber.index < 0) this.#turn.counters.volatileDropped++
      else {
        this.#conflated ??= new Map()
        if (this.#conflated.has(key)) this.#turn.counters.volatileConflated++
        else if (this.#conflated.size >= MAX_KEPT_BACK) {
          this.#turn.counters.volatileDropped++
          continue
        }
        this.#conflated.set(key, { frame, subscriber })
      }
    }
    return kept
  }

  /** The subscriber has left: what was kept back for it is not wanted any more. */
  forget(subscriber: Subscriber): void {
    for (const [key, kept] of this.#conflated ?? []) if (kept.subscriber === subscriber) this.#conflated?.delete(key)
  }

  /** The transport has room again. */
  drained(): void {
    const conflated = this.#conflated
    if (conflated) {
      this.#conflated = null
      for (const { frame } of conflated.values()) this.push(frame)
    }
    this.#owner.hasRoom()
  }
}
