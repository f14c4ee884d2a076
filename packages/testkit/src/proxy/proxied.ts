import type { Socket } from 'node:net'
import { systemClock, type Undo } from '@rollcall/core'
import { DelayLine } from '../time/delay-line.ts'

/** How bytes pass through a proxy. */
export interface Passing {
  /** How long a piece is held, in milliseconds. */
  delayMs(): number
  /** The largest piece that is passed on at once, in bytes. */
  readonly pieceBytes: number
}

/** A connection through a proxy, which can be broken. */
export interface ProxiedConnection {
  /** Whether both sides are still connected to the proxy. */
  readonly whole: boolean
  /** Breaks it with a reset towards both sides. */
  cut(): void
  /** Passes nothing on until undone; what the sides write fills their windows. */
  stall(): Undo
  /** Breaks it so that only the other side learns of it: the believer's socket stays open, and nothing comes of it. */
  halfOpen(believes: 'client' | 'server' | 'both'): void
}

/** Two sockets, and what passes between them. */
export class Proxied implements ProxiedConnection {
  readonly #client: Socket
  readonly #server: Socket
  readonly #pieceBytes: number
  readonly #gone: () => void
  readonly #lines: readonly DelayLine[]
  #stalls = 0
  #broken = false

  /** `gone` is called once neither side is there any more. */
  constructor(client: Socket, server: Socket, { pieceBytes, delayMs }: Passing, gone: () => void) {
    this.#client = client
    this.#server = server
    this.#pieceBytes = pieceBytes
    this.#gone = gone
    this.#lines = [new DelayLine(systemClock, delayMs), new DelayLine(systemClock, delayMs)]
    for (const [i, from] of [client, server].entries()) {
      from.setNoDelay(true)
      this.#pipe(from, from === client ? server : client, this.#lines[i] as DelayLine)
    }
  }

  #pipe(from: Socket, to: Socket, line: DelayLine): void {
    from.on('data', (bytes: Buffer) => {
      if (this.#broken) return
      for (let at = 0; at < bytes.length; at += this.#pieceBytes) {
        const piece = bytes.subarray(at, at + this.#pieceBytes)
        line.add(() => this.#pass(piece, from, to))
      }
    })
    from.on('end', () => line.add(() => void (this.#broken || to.end())))
    from.on('error', () => {})
    from.on('close', () => {
      line.add(() => void (this.#broken || to.destroy()))
      if (this.#client.destroyed && this.#server.destroyed) this.#end()
    })
  }

  #pass(piece: Buffer, from: Socket, to: Socket): void {
    if (this.#broken || to.destroyed || to.write(piece)) return
    from.pause()
    to.once('drain', () => void (this.#stalls > 0 || from.resume()))
  }

  #end(): void {
    for (const line of this.#lines) line.clear()
    this.#gone()
  }

  get whole(): boolean {
    return !this.#broken && !this.#client.destroyed && !this.#server.destroyed
  }

  cut(): void {
    this.#broken = true
    this.#client.resetAndDestroy()
    this.#server.resetAndDestroy()
  }

  stall(): Undo {
    this.#stalls++
    this.#client.pause()
    this.#server.pause()
    let stalled = true
    return () => {
      if (!stalled) return
      stalled = false
      if (--this.#stalls > 0) return
      this.#client.resume()
      this.#server.resume()
    }
  }

  halfOpen(believes: 'client' | 'server' | 'both'): void {
    this.#broken = true
    if (believes === 'client') this.#server.resetAndDestroy()
    if (believes === 'server') this.#client.resetAndDestroy()
    // What believers write is read and dropped, as by a network that has no way to the other side.
    this.#client.resume()
    this.#server.resume()
  }
}
