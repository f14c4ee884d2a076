import type { Duplex } from 'node:stream'
import type { Clock } from '@rollcall/core'
import { encodeFrame, type Frame, FrameReader } from './frame.ts'

export interface LineListener {
  heard(frame: Frame): void
  /** Nothing can be said or heard any more; `cause` if what was heard is to blame. Told once. */
  ended(cause?: unknown): void
}

/** Frames that wait are joined up to this many bytes, since copying small ones costs less than writing each. */
const JOINED_BYTES = 262_144
/** A line on which more waits than this, in bytes, is full. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024

/** One end of the connection between a worker and the primary. What is said in one turn of the event loop leaves in one write. */
export class Line {
  readonly #socket: Duplex
  readonly #clock: Clock
  readonly #reader = new FrameReader()
  #listener: LineListener | null = null
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #drainTasks: (() => void)[] = []
  #open = true

  constructor(socket: Duplex, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
  }

  /** Begins to listen. Called once. */
  listen(listener: LineListener): void {
    this.#listener = listener
    const socket = this.#socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('drain', () => {
      const tasks = this.#drainTasks
      this.#drainTasks = []
      for (const task of tasks) task()
    })
    socket.on('end', () => this.end())
    socket.on('error', () => this.end())
    socket.on('close', () => this.end())
  }

  get open(): boolean {
    return this.#open
  }

  /** What has not left this process yet. */
  get pendingBytes(): number {
    return this.#waitingBytes + this.#socket.writableLength
  }

  /** Whether so much waits that what can be refused should be: the other end does not read. */
  get full(): boolean {
    return this.pendingBytes > MAX_PENDING_BYTES
  }

  /** Runs a task once when all that waits now, and is more than a moment's worth, has left this process. */
  whenDrained(task: () => void): void {
    this.#drainTasks.push(task)
  }

  /** @throws RangeError if a text is too long for any frame. */
  send(kind: number, id: number, subject?: string, node?: string, payload?: Uint8Array): void {
    this.forward(encodeFrame(kind, id, subject, node, payload))
  }

  /** Sends a frame that is encoded already. */
  forward(frame: Buffer): void {
    if (!this.#open) return
    if (this.#waiting.length === 0) this.#clock.soon(() => this.#flush())
    this.#waiting.push(frame)
    this.#waitingBytes += frame.length
  }

  /** Ends the line at once. Idempotent. */
  end(cause?: unknown): void {
    if (!this.#open) return
    this.#open = false
    this.#waiting = []
    this.#waitingBytes = 0
    this.#drainTasks = []
    this.#socket.destroy()
    this.#listener?.ended(cause)
  }

  #flush(): void {
    const frames = this.#waiting
    const bytes = this.#waitingBytes
    this.#waiting = []
    this.#waitingBytes = 0
    if (!this.#open) return
    const [first] = frames
    if (frames.length === 1 && first) this.#socket.write(first)
    else if (bytes <= JOINED_BYTES) this.#socket.write(Buffer.concat(frames, bytes))
    else {
      this.#socket.cork()
      for (const frame of frames) this.#socket.write(frame)
      this.#socket.uncork()
    }
  }

  #read(chunk: Buffer): void {
    if (!this.#open) return
    try {
      this.#reader.push(chunk, (frame) => {
        if (this.#open) this.#listener?.heard(frame)
      })
    } catch (error) {
      // Where the next frame begins cannot be known any more.
      this.end(error)
    }
  }
}
