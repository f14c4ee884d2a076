import { type Clock, CloseCode, type Payload, type Undo } from '@rollcall/core'
import { Frame, Run, type Transport, type TransportListener } from 'rollcall'
import type { Exchange } from 'rollcall/long-poll'
import { Heartbeat, NO_PONG } from './heartbeat.ts'
import type { EngineOptions } from './options.ts'
import { decodePacket, type EngineVersion, NOOP, OPEN, PING, PONG, PROBE_PONG } from './packet.ts'
import { Polling } from './polling.ts'
import { STEPS, type Stage, stepOf } from './steps.ts'
import type { KnownSession, TransportName } from './verify.ts'

const CONTROL = { offset: 0, volatile: false, key: null, roster: false }

/**
 * One session of Engine.IO: what its client writes and reads, over polling or a WebSocket, and on its way from one to the
 * other. It tells its listener of messages alone; opening, heartbeat and upgrade stay in here.
 */
export class EngineTransport implements Transport, KnownSession {
  readonly sid: string
  readonly version: EngineVersion
  readonly #options: EngineOptions
  readonly #clock: Clock
  readonly #heartbeat: Heartbeat
  readonly #over: (session: EngineTransport) => void
  /** Hears that the session has moved to a WebSocket. */
  moved: () => void = ignore
  #listener: TransportListener | null = null
  #polling: Polling | null = null
  #lane: Transport | null = null
  #candidate: SocketLane | null = null
  #timer: Undo = ignore
  #armedFor = Number.POSITIVE_INFINITY
  #closing = false
  #paused = false
  #trusted = false

  /** `over` hears that no request can be this session's any more. */
  constructor(
    sid: string,
    version: EngineVersion,
    options: EngineOptions,
    clock: Clock,
    over: (session: EngineTransport) => void,
  ) {
    this.sid = sid
    this.version = version
    this.#options = options
    this.#clock = clock
    this.#over = over
    this.#heartbeat = new Heartbeat(version, options, clock.now())
  }

  get transport(): TransportName {
    return this.#polling ? 'polling' : 'websocket'
  }

  /** Begins over polling, with the request that asked for it. */
  openPolling(listener: TransportListener, exchange: Exchange): void {
    const polling = new Polling(this, { ...this.#options, idleMs: this.#idleMs }, this.#clock)
    polling.transport.listen({
      received: ignore,
      drained: () => this.drained(),
      closed: (code, reason) => this.#end(code, reason),
    })
    this.#polling = polling
    this.#open(listener, polling.transport)
    polling.take(exchange)
  }

  /** Begins over a WebSocket; it tells the answer what happens to it. */
  openSocket(listener: TransportListener, socket: Transport): TransportListener {
    this.#open(listener, socket)
    return new SocketLane(this, socket)
  }

  #open(listener: TransportListener, lane: Transport): void {
    this.#listener = listener
    this.#lane = lane
    if (this.#closing) return lane.close(1005, '')
    const { pingIntervalMs, pingTimeoutMs, maxPayload } = this.#options
    const upgrades = this.#polling && this.#options.allowUpgrades ? ['websocket'] : []
    const open = { sid: this.sid, upgrades, pingInterval: pingIntervalMs, pingTimeout: pingTimeoutMs, maxPayload }
    say(lane, `${OPEN}${JSON.stringify(open)}`)
    this.#arm()
  }

  // The heartbeat is stricter: this is for nothing but faults of its own.
  get #idleMs(): number {
    return 2 * (this.#options.pingIntervalMs + this.#options.pingTimeoutMs)
  }

  /** Takes a request of this session. */
  request(exchange: Exchange): void {
    this.#polling?.take(exchange)
    // The client waits for its poll to end before it moves.
    if (this.#candidate?.stage === 'probed') this.#endPoll()
  }

  /** A WebSocket to move to. Only one at a time, and only from polling; any other is closed. */
  offer(socket: Transport): TransportListener {
    const lane = new SocketLane(this, socket)
    if (!this.#polling || this.#candidate || this.#closing) {
      socket.close(1005, '')
      return lane
    }
    this.#candidate = lane
    lane.expires = this.#clock.after(this.#options.upgradeTimeoutMs, () => this.#giveUp(lane))
    return lane
  }

  // From the transports

  /** A packet on the transport that the session is on. Answers whether more is taken. */
  receive(frame: Payload): boolean {
    const listener = this.#listener
    if (!listener || this.#closing) return false
    this.#heartbeat.heard(this.#clock.now())
    const packet = decodePacket(frame, this.version)
    switch (packet ? STEPS[this.version][packet.type] : 'broken') {
      case 'message':
        listener.received(packet?.content ?? '')
        break
      case 'ponged':
        if (!this.#heartbeat.ponged(this.#clock.now())) break
        // A pong may have had longer than the next ping has.
        if (this.#heartbeat.due < this.#armedFor) this.#arm()
        listener.alive?.()
        break
      case 'pong':
        this.#say(PONG)
        break
      case 'end':
        this.#endPoll()
        this.#end(1005, 'the client ended the session')
        this.#drop()
        break
      case 'broken':
        this.fail('a packet that is not of the protocol')
    }
    return this.#listener !== null && !this.#closing
  }

  /** A frame on a WebSocket that may still be only a candidate. */
  receiveOn(lane: SocketLane, frame: Payload): void {
    if (lane.transport === this.#lane) this.receive(frame)
    else if (lane === this.#candidate) this.#probe(lane, frame)
  }

  #probe(lane: SocketLane, frame: Payload): void {
    const packet = decodePacket(frame, this.version)
    switch (packet ? stepOf(lane.stage, packet) : 'broken') {
      case 'probe':
        lane.stage = 'probed'
        say(lane.transport, PROBE_PONG)
        this.#endPoll()
        break
      case 'switch':
        this.#move(lane)
        break
      case 'broken':
        this.#giveUp(lane)
    }
  }

  #move(lane: SocketLane): void {
    lane.expires()
    this.#candidate = null
    this.#endPoll()
    const frames = this.#polling?.transport.handOver() ?? []
    this.#polling?.leave()
    this.#polling = null
    this.#lane = lane.transport
    if (this.#paused) lane.transport.pause()
    if (this.#trusted) lane.transport.trusted?.()
    if (frames.length > 0) lane.transport.write(new Run(frames))
    // Who waited for the polls to take something may wait no longer.
    if (lane.transport.bufferedBytes === 0) this.drained()
    this.moved()
  }

  #giveUp(lane: SocketLane): void {
    lane.expires()
    if (this.#candidate === lane) this.#candidate = null
    lane.transport.close(1005, '')
  }

  // Answers a held poll with nothing in it.
  #endPoll(): void {
    if (this.#polling?.transport.held) this.#say(NOOP)
  }

  drained(): void {
    this.#listener?.drained()
  }

  closedOn(lane: SocketLane, code: number, reason: string): void {
    if (lane.transport === this.#lane) this.#end(code, reason)
    else if (lane === this.#candidate) this.#giveUp(lane)
  }

  // Heartbeat

  #arm(): void {
    this.#timer()
    this.#armedFor = this.#heartbeat.due
    this.#timer = this.#clock.after(Math.max(0, this.#armedFor - this.#clock.now()), () => this.#lapse())
  }

  #lapse(): void {
    const now = this.#clock.now()
    if (now >= this.#heartbeat.due) {
      if (this.#heartbeat.lapse(now) === 'dead') return this.fail(NO_PONG)
      this.#say(PING)
    }
    this.#arm()
  }

  // A transport, as its connection sees it

  get bufferedBytes(): number {
    return this.#lane?.bufferedBytes ?? 0
  }

  write(run: Run): void {
    this.#lane?.write(run)
  }

  #say(packet: string): void {
    if (this.#lane) say(this.#lane, packet)
  }

  /** Asks for a pong out of turn. Not in revision 3, where servers cannot ask. */
  ping(): void {
    if (this.version === 3 || this.#closing || !this.#lane) return
    this.#say(PING)
    this.#heartbeat.pinged(this.#clock.now())
    this.#arm()
  }

  /** Codes are not told: the reference tells none, and clients ask for none. */
  close(code: number, reason: string): void {
    if (this.#closing) return
    this.#closing = true
    this.#quiet()
    // A server that stops takes no more polls: there is nobody to wait for.
    if (code === CloseCode.goingAway && this.#polling && !this.#polling.transport.held) return this.fail(reason)
    this.#lane?.close(1005, '')
  }

  /** The client broke the protocol: a held poll is told the end, and the session is over at once. */
  fail(reason: string): void {
    if (!this.#listener) return
    this.#end(1002, reason)
    if (this.#polling?.transport.held) this.#lane?.close(1005, '')
    else this.#drop()
  }

  // Nobody is going to fetch a goodbye.
  #drop(): void {
    if (this.#polling) this.#polling.transport.destroy()
    else this.#lane?.close(1005, '')
  }

  destroy(): void {
    this.#end(1006, '')
    this.#lane?.destroy()
  }

  trusted(): void {
    this.#trusted = true
    this.#lane?.trusted?.()
  }

  pause(): void {
    this.#paused = true
    this.#lane?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#lane?.resume()
  }

  #quiet(): void {
    this.#timer()
    if (this.#candidate) this.#giveUp(this.#candidate)
  }

  #end(code: number, reason: string): void {
    const listener = this.#listener
    if (!listener) return
    this.#listener = null
    this.#closing = true
    this.#quiet()
    this.#over(this)
    listener.closed(code, reason)
  }
}

/** A WebSocket of a session: the one that it is on, or one that it may move to. */
class SocketLane implements TransportListener {
  readonly transport: Transport
  readonly #session: EngineTransport
  stage: Stage = 'new'
  expires: Undo = ignore

  constructor(session: EngineTransport, transport: Transport) {
    this.#session = session
    this.transport = transport
  }

  received(frame: Payload): void {
    this.#session.receiveOn(this, frame)
  }

  drained(): void {
    this.#session.drained()
  }

  closed(code: number, reason: string): void {
    this.#session.closedOn(this, code, reason)
  }
}

function say(lane: Transport, packet: string): void {
  lane.write(new Run([new Frame(packet, CONTROL)]))
}

function ignore(): void {}
