import { connect, type Socket } from 'node:net'
import { clientFrame, textFrame } from './client-frame.ts'
import { FrameCounter, NO_FRAME } from './frame-counter.ts'
import type { Speech } from './speech/speech.ts'

/** What a load connection tells. Called during a read: a listener may write, but should be quick. */
export interface Listener {
  joined(connection: Connection): void
  /** So many marked frames ended in one read. */
  counted(connection: Connection, frames: number): void
  /** A text frame that was not counted. */
  heard(connection: Connection, text: string): void
  /** Once, whoever closed. */
  closed(connection: Connection, reason: string): void
}

export interface Target {
  readonly port: number
  readonly speech: Speech
}

// All sockets read into one buffer, one after the other: what is read is used up before the read returns.
const shared = Buffer.allocUnsafeSlow(64 * 1024)
const HEAD_END = Buffer.from('\r\n\r\n')

type State = 'connecting' | 'upgrading' | 'open' | 'joined' | 'closed'

/** One load connection: a raw socket, its handshake, and a frame counter. */
export class Connection {
  readonly topic: string
  readonly member: string | null
  readonly startedAt: number = performance.now()
  readonly counter: FrameCounter
  listener: Listener
  /** Marked frames since the last time that somebody set it. */
  received = 0
  /** Data frames that were not counted, and all their bytes. */
  otherFrames = 0
  otherBytes = 0
  readonly #target: Target
  readonly #socket: Socket
  #state: State = 'connecting'
  #head: Buffer | null = null

  constructor(target: Target, topic: string, member: string | null, listener: Listener) {
    this.#target = target
    this.topic = topic
    this.member = member
    this.listener = listener
    this.counter = new FrameCounter(NO_FRAME, (opcode, payload) => this.#other(opcode, payload))
    this.#socket = connect({
      port: target.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (length: number): boolean => {
          this.#read(length)
          return true
        },
      },
    })
    this.#socket.on('connect', () => this.#upgrade())
    this.#socket.on('error', (error) => this.#close(error.message))
    this.#socket.on('close', () => this.#close('closed by the server'))
  }

  get isJoined(): boolean {
    return this.#state === 'joined'
  }

  /** Writes a frame made by `client-frame.ts`. */
  write(frame: Buffer): void {
    if (this.#state !== 'closed') this.#socket.write(frame)
  }

  say(text: string): void {
    this.write(textFrame(text))
  }

  /** Reads no more: a slow reader from now on. */
  stall(): void {
    this.#socket.pause()
  }

  /** `'politely'` sends a close frame first; `'abruptly'` resets the socket, as a lost network would look to the server. */
  end(manner: 'politely' | 'abruptly'): void {
    if (this.#state === 'closed') return
    if (manner === 'abruptly') this.#socket.resetAndDestroy()
    else this.#socket.end(clientFrame(8, Buffer.from([3, 232])))
    this.#close('ended by the load')
  }

  #upgrade(): void {
    const { port, speech } = this.#target
    const lines = [
      `GET ${speech.path(this.topic)} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ]
    if (speech.subprotocol !== null) lines.push(`Sec-WebSocket-Protocol: ${speech.subprotocol}`)
    this.#state = 'upgrading'
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  }

  #read(length: number): void {
    if (this.#state === 'upgrading') this.#answer(Buffer.from(shared.subarray(0, length)))
    else if (this.#state !== 'closed') this.#feed(shared, length)
  }

  #feed(bytes: Buffer, length: number): void {
    const frames = this.counter.feed(bytes, length)
    if (frames > 0) this.listener.counted(this, frames)
  }

  #answer(bytes: Buffer): void {
    const head = this.#head ? Buffer.concat([this.#head, bytes]) : bytes
    const end = head.indexOf(HEAD_END)
    if (end < 0) {
      this.#head = head
      return
    }
    this.#head = null
    const status = head.toString('latin1', 0, head.indexOf('\r\n'))
    if (!status.startsWith('HTTP/1.1 101')) {
      this.#socket.destroy()
      this.#close(`refused: ${status}`)
      return
    }
    this.#state = 'open'
    const { speech } = this.#target
    for (const text of speech.opening(this.topic, this.member)) this.say(text)
    if (speech.joinsByConnecting) this.#join()
    const rest = head.subarray(end + 4)
    if (rest.length > 0) this.#feed(rest, rest.length)
  }

  #join(): void {
    this.#state = 'joined'
    this.listener.joined(this)
  }

  #other(opcode: number, payload: Buffer): void {
    if (opcode === 9) this.write(clientFrame(10, payload))
    if (opcode === 8) {
      this.#socket.end()
      this.#close(payload.length >= 2 ? `closed with ${payload.readUInt16BE(0)}` : 'closed without a code')
    }
    if (opcode !== 1) return
    this.otherFrames++
    this.otherBytes += payload.length
    const text = payload.toString()
    const heard = this.#target.speech.hear(text, this.topic, this.member)
    if (heard.kind === 'say') this.say(heard.text)
    if (heard.kind === 'joined' && this.#state === 'open') this.#join()
    if (heard.kind === 'refused') {
      this.#socket.destroy()
      this.#close(`refused: ${heard.reason}`)
    }
    this.listener.heard(this, text)
  }

  #close(reason: string): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.listener.closed(this, reason)
  }
}
