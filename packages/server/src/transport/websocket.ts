import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '@rollcall/core'
import type { Limits } from '../connection/limits.ts'
import { Bucket } from '../hub/bucket.ts'
import type { Run } from '../hub/frame.ts'
import { compressedOf } from './deflate/compressed.ts'
import { Inflation } from './deflate/inflation.ts'
import type { PeerSocket, PeerSocketOwner } from './peer-socket.ts'
import type { Transport, TransportListener } from './transport.ts'

const OPEN = 1
const POLICY_VIOLATION = 1008

// The socket's events find their transport here: a shared function, no closure for each connection.
const TRANSPORT = Symbol('transport')

interface Marked {
  [TRANSPORT]: WebSocketTransport
}

/** What of `ws` says whether a message has begun that is not complete. Not public there; a test watches over it. */
interface Receiving {
  readonly _receiver: { readonly _fragmented: number; readonly _state: number; readonly _bufferedBytes: number } | null
}

/** Compression of WebSocket messages (RFC 7692): for slow networks and repetitive messages. */
export interface CompressionOptions {
  /** Smaller messages are sent as they are, in bytes. Default 1,024. */
  readonly minBytes?: number
}

/** What WebSockets of one server share. */
export interface WebSocketHost {
  readonly clock: Clock
  readonly limits: Limits
  /** Hears of bytes that wait for a peer to read. */
  pressed?(bytes: number): void
  /** Default: none. */
  readonly compression?: Required<CompressionOptions> | null
}

/** What a peer may inflate to before it is known who it is, in bytes: room for a hello. */
const STRANGER_BYTES = 16_384

/**
 * A WebSocket. `ws` reads, answers pings and closes (RFC 6455); what we send is encoded before, once for all receivers,
 * and goes straight to the socket. Both write whole frames, so neither can cut the other's.
 */
export class WebSocketTransport implements Transport, PeerSocketOwner {
  readonly #host: WebSocketHost
  readonly #socket: Duplex
  readonly #ws: PeerSocket
  #listener: TransportListener | null = null
  #ended = false
  // Made with the first control frame: most peers never send one.
  #controls: Bucket | null = null
  // Since when a message has begun that is not complete, or the socket has been closing; 0 for neither.
  #messageSince = 0
  #closingSince = 0
  // For peers that take compressed messages; 0 for the others.
  #compressMin = 0
  #inflation: Inflation | null = null
  #maxInflated = 0

  constructor(ws: PeerSocket, socket: Duplex, host: WebSocketHost) {
    this.#host = host
    this.#ws = ws
    this.#socket = socket
    ;(socket as unknown as Marked)[TRANSPORT] = this
    ws.belongTo(this, socket)
    socket.on('drain', onDrain)
  }

  /** Events go to this listener from now on. */
  listen(listener: TransportListener): void {
    this.#listener = listener
  }

  /** The peer takes compressed messages, and may send them. */
  compress(minBytes: number, maxMessageBytes: number): void {
    this.#compressMin = minBytes
    this.#maxInflated = maxMessageBytes
    this.#inflation = new Inflation(Math.min(STRANGER_BYTES, maxMessageBytes), (code) => this.#ws.failWith(code))
    this.#ws.inflateWith(this.#inflation)
  }

  rest(): void {
    this.#ws.rest()
  }

  trusted(): void {
    if (this.#inflation) this.#inflation.maxBytes = this.#maxInflated
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength
  }

  get bytesRead(): number {
    return (this.#socket as Socket).bytesRead ?? 0
  }

  write(run: Run): void {
    if (this.#ended || this.#ws.readyState !== OPEN) return
    const bytes = this.#compressMin > 0 ? compressedOf(run, this.#compressMin) : bufferOf(run)
    if (!this.#socket.write(bytes)) this.#host.pressed?.(bytes.length)
  }

  ping(): void {
    if (!this.#ended) this.#ws.ping()
  }

  close(code: number, reason: string): void {
    if (this.#ended) return
    this.#ended = true
    // `ws` gives a peer its time to answer, but not one that has ended its half and does not read what waits for it.
    if (this.#ws.readyState !== OPEN) this.#host.clock.after(this.#host.limits.closeMs, () => this.destroy())
    // 1005 is never on the wire: it stands for a close frame without a code (RFC 6455 section 7.4.1).
    else if (code === 1005) this.#ws.goodbye()
    // A close reason has room for 123 bytes (RFC 6455 section 5.5). An application without types may give anything for one.
    else this.#ws.goodbye(code, typeof reason === 'string' ? clipUtf8(reason, 123) : '')
  }

  destroy(): void {
    this.#ended = true
    this.#ws.terminate()
  }

  pause(): void {
    // What is late from here on is late by our doing.
    this.#messageSince = 0
    this.#ws.pause()
  }

  resume(): void {
    this.#ws.resume()
  }

  /** Ends a peer that lets a message, or the end of a closing socket, wait for too long. */
  tick(now: number): void {
    const { messageMs, closeMs } = this.#host.limits
    if (this.#ended) return
    if (this.#ws.readyState !== OPEN) {
      if (this.#closingSince === 0) this.#closingSince = now
      else if (now - this.#closingSince >= closeMs) this.destroy()
    } else if (this.#ws.isPaused || !isReading(this.#ws)) this.#messageSince = 0
    else if (this.#messageSince === 0) this.#messageSince = now
    else if (now - this.#messageSince >= messageMs) this.#violated('a message was not complete in time')
  }

  #violated(reason: string): void {
    this.broke(POLICY_VIOLATION)
    this.close(POLICY_VIOLATION, reason)
  }

  // From the socket

  message(data: Buffer, isBinary: boolean): void {
    this.#messageSince = 0
    if (!this.#ended) this.#listener?.received(isBinary ? data : data.toString('utf8'))
  }

  control(kind: 'ping' | 'pong'): void {
    if (this.#ended) return
    const { clock, limits } = this.#host
    const now = clock.now()
    this.#controls ??= new Bucket(limits.controlFramesPerSecond, limits.controlFrameBurst, now)
    if (this.#controls.take(now) > 0) this.#violated('too many control frames')
    else if (kind === 'pong') this.#listener?.alive?.()
  }

  broke(code: number): void {
    this.#listener?.broke?.(code)
  }

  drained(): void {
    this.#listener?.drained()
  }

  closed(code: number, reason: Buffer): void {
    this.#ended = true
    const listener = this.#listener
    this.#listener = null
    listener?.closed(code, reason.toString('utf8'))
  }
}

// Sockets take a Buffer as it is, and make one of any other bytes at each write: measured, a tenth of a delivery.
function bufferOf(run: Run): Buffer {
  if (run.native instanceof Buffer) return run.native
  const wire = run.wire()
  const buffer = Buffer.from(wire.buffer, wire.byteOffset, wire.byteLength)
  run.native = buffer
  return buffer
}

/** Whether a message, or a frame, has begun and is not complete. */
function isReading(ws: PeerSocket): boolean {
  const { _receiver: receiver } = ws as unknown as Receiving
  return receiver !== null && (receiver._fragmented !== 0 || receiver._state !== 0 || receiver._bufferedBytes > 0)
}

function onDrain(this: Duplex): void {
  ;(this as unknown as Marked)[TRANSPORT].drained()
}

function clipUtf8(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text
  let end = Math.min(text.length, maxBytes)
  while (Buffer.byteLength(text.slice(0, end)) > maxBytes) end--
  // Not between the halves of a surrogate pair.
  return text.slice(0, end).replace(/[\ud800-\udbff]$/, '')
}
