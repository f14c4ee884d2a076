import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type Clock, fromUtf8, type Random, toUtf8, type Undo } from '@rollcall/core'
import type { Broker } from '../broker/broker.ts'
import { nodeNamedBy, taggedBy } from './affinity.ts'
import { type CarriedRequest, decodeCarried, encodeCarried, toCarriedAnswer, withoutHop } from './carried.ts'
import { InnerServer } from './inner-server.ts'
import type { Nodes } from './nodes.ts'

export interface CarrierOptions {
  readonly broker: Broker
  readonly nodes: Nodes
  readonly clock: Clock
  readonly random: Random
  report(what: string, error: unknown): void
}

const REQUEST = 'carried-request'
const PIECE = 'carried-piece-to'
const GONE = 'carried-gone-to'

/** The largest body that is carried: engines carry a mebibyte, and there are headers. */
const MAX_BODY_BYTES = 1_000_000
/** Larger answers go in pieces. */
const MAX_PIECE_BYTES = 524_288
/** Polls are held for as long as their protocol likes; that its node is gone is noticed otherwise. */
const HOLD_MS = 300_000
const NO_BYTES = new Uint8Array(0)

/** A request that is under way to another node. */
interface UnderWay {
  readonly node: string
  readonly pieces: Map<number, Uint8Array>
  giveUp(status: number): void
}

/**
 * Carries requests to the node that has their session. A client that polls opens a connection whenever it likes, and each may
 * come to another node; which one has its session, the session's id tells.
 */
export class Carrier {
  readonly #options: CarrierOptions
  #inner: InnerServer | null = null
  /** Settles when other nodes can have requests answered here. */
  ready: Promise<void> = Promise.resolve()
  readonly #underWay = new Map<string, UnderWay>()
  readonly #undo: Undo[] = []

  constructor(options: CarrierOptions) {
    this.#options = options
  }

  /** Begins to answer what others carry here; `attach` puts this node's routes in front of a server. Called once. */
  start(attach: (server: Server) => unknown): void {
    this.#inner = new InnerServer(attach)
    this.ready = this.#start(this.#inner)
    // Who waits for it hears of a failure.
    this.ready.catch(() => {})
  }

  async #start(inner: InnerServer): Promise<void> {
    const { broker, nodes } = this.#options
    this.#undo.push(
      await broker.subscribe(`${PIECE}:${broker.node}`, (bytes) => this.#keepPiece(bytes)),
      await broker.subscribe(`${GONE}:${broker.node}`, (bytes) => inner.abandon(fromUtf8(bytes) ?? '')),
      await broker.respond(REQUEST, (bytes, from) => this.#answer(inner, bytes, from)),
      nodes.onChange((node, change) => {
        if (change === 'up') return
        inner.abandonFrom(node)
        for (const passing of [...this.#underWay.values()]) if (passing.node === node) passing.giveUp(503)
      }),
    )
  }

  /** A session's id that leads its requests here. */
  sessionId(text: string): string {
    return taggedBy(text, this.#options.broker.node)
  }

  /** Has the node answer that has the session. Answers whether it is another one that is up. */
  passOn(session: string, request: IncomingMessage, response: ServerResponse): boolean {
    const node = nodeNamedBy(session, this.#options.nodes.others())
    if (node === undefined) return false
    this.#passOn(node, request, response).catch((error: unknown) => {
      this.#options.report('A request could not be carried', error)
      response.destroy()
    })
    return true
  }

  /** A WebSocket is not carried: who asks for one stays with what it has. */
  passOnUpgrade(): boolean {
    return false
  }

  async #passOn(node: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { broker, random } = this.#options
    const id = `${broker.node} ${random.token(9)}`
    const body = await bodyOf(request)
    if (body === 'gone') return
    if (body === 'too_big') return fail(response, 413)
    const giveUp = (status: number) => {
      if (!this.#underWay.delete(id)) return
      // Whatever is answered there from now on gets lost: the session is to end, not to wait for its next poll.
      broker.publish(`${GONE}:${node}`, toUtf8(id))
      fail(response, status)
    }
    const passing: UnderWay = { node, pieces: new Map(), giveUp }
    this.#underWay.set(id, passing)
    response.once('close', () => giveUp(503))
    try {
      const answer = await broker.ask(node, REQUEST, encodeCarried(describe(request, id), body), HOLD_MS)
      if (answerWith(response, answer, passing.pieces)) this.#underWay.delete(id)
      else giveUp(502)
    } catch {
      // It has not arrived, or its answer has not: the client begins again, as after any broken connection.
      giveUp(503)
    }
  }

  #keepPiece(bytes: Uint8Array): void {
    const { header, body } = decodeCarried(bytes) ?? {}
    if (typeof header?.id === 'string' && typeof header.piece === 'number' && body)
      this.#underWay.get(header.id)?.pieces.set(header.piece, body)
  }

  // At the node that has the session.
  async #answer(inner: InnerServer, bytes: Uint8Array, from: string): Promise<Uint8Array> {
    const { broker } = this.#options
    const { id, status, headers, body } = await inner.answer(bytes, from)
    let sent = 0
    let pieces = 0
    // An answer is one message: what is too much for it goes ahead, and arrives before it.
    for (; body.byteLength - sent > MAX_PIECE_BYTES; sent += MAX_PIECE_BYTES) {
      const piece = { id, piece: pieces++ }
      broker.publish(`${PIECE}:${from}`, encodeCarried(piece, body.subarray(sent, sent + MAX_PIECE_BYTES)))
    }
    return encodeCarried({ status, headers, pieces }, body.subarray(sent))
  }

  stop(): void {
    for (const undo of this.#undo.splice(0)) undo()
    for (const passing of [...this.#underWay.values()]) passing.giveUp(503)
    this.#inner?.close()
  }
}

function describe({ method, url, headers, socket }: IncomingMessage, id: string): CarriedRequest {
  const secure = (socket as { readonly encrypted?: boolean }).encrypted === true
  const address = socket.remoteAddress ?? ''
  return { id, method: method ?? 'GET', path: url ?? '/', headers: withoutHop(headers), address, secure }
}

// Answers whether that could be done: a piece may have got lost, and the client may be gone.
function answerWith(response: ServerResponse, bytes: Uint8Array, pieces: ReadonlyMap<number, Uint8Array>): boolean {
  const { header = {}, body = NO_BYTES } = decodeCarried(bytes) ?? {}
  const answer = toCarriedAnswer(header)
  if (!answer || pieces.size !== answer.pieces || response.headersSent || response.destroyed) return false
  const whole = [...[...pieces].sort(([a], [b]) => a - b).map(([, piece]) => piece), body]
  const length = whole.reduce((sum, { byteLength }) => sum + byteLength, 0)
  response.writeHead(answer.status, { ...answer.headers, 'content-length': length })
  for (const piece of whole) response.write(piece)
  response.end()
  return true
}

function fail(response: ServerResponse, status: number): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, { ...(status === 503 && { 'retry-after': '1' }), connection: 'close' })
  response.end()
}

function bodyOf(request: IncomingMessage): Promise<Uint8Array | 'too_big' | 'gone'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength
      if (bytes > MAX_BODY_BYTES) resolve('too_big')
      else chunks.push(chunk)
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', () => resolve('gone'))
    request.on('close', () => resolve('gone'))
  })
}
