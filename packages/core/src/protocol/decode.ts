import { fromBase64url } from '../base64.ts'
import type { Payload, Sender } from '../dialect.ts'
import type { ErrorCode, Refusal } from '../errors.ts'
import { parseJson } from '../json.ts'
import { type GapReason, isOffset, type Position } from '../position.ts'
import type { Entry, RosterVersion } from '../roster.ts'
import { PAYLOAD_SLOT, splitBinary } from './binary.ts'
import type { ClientFrame, JoinedResult, JoinOptions, MessageStamp, ServerFrame, WireRoster } from './frames.ts'

/** Deepest nesting of arrays and objects that a frame may have, the frame's own array included. */
export const MAX_DEPTH = 64
/** The longest event, call or message id, in code units. */
export const MAX_NAME_LENGTH = 255

/** A frame that could not be read. With `ref`, the request alone fails; without, the connection does. */
export interface FrameFault {
  readonly kind: 'fault'
  readonly reason: string
  readonly tooDeep: boolean
  readonly ref: number | null
}

type Fields = Readonly<Record<string, unknown>>

class Fault extends Error {}

function need(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Fault(reason)
}

/** Reads what a client sent. Never throws. */
export function decodeClient(payload: Payload, maxDepth: number = MAX_DEPTH): ClientFrame | FrameFault {
  return decode(payload, maxDepth, clientFrame)
}

/** Reads what a server sent. Never throws. */
export function decodeServer(payload: Payload): ServerFrame | FrameFault {
  return decode(payload, MAX_DEPTH * 2, serverFrame)
}

function decode<T>(payload: Payload, maxDepth: number, read: (frame: readonly unknown[]) => T): T | FrameFault {
  const frame = open(payload, maxDepth)
  if (!Array.isArray(frame)) return frame
  try {
    return read(frame)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const ref = REQUESTS.has(frame[0] as string) && isRef(frame[1]) ? frame[1] : null
    return { kind: 'fault', reason: error.message, tooDeep: false, ref }
  }
}

const REQUESTS = new Set(['join', 'leave', 'send', 'call', 'track', 'untrack', 'history', 'roster', 'refresh', 'ping'])

function open(payload: Payload, maxDepth: number): unknown[] | FrameFault {
  const binary = typeof payload === 'string' ? null : splitBinary(payload)
  if (typeof payload !== 'string' && !binary) return fault('a binary frame must begin with its header')
  const parsed = parseJson(binary ? binary.header : (payload as string), maxDepth)
  if ('fault' in parsed)
    return fault(
      parsed.fault === 'too_deep' ? `nested deeper than ${maxDepth}` : 'not JSON',
      parsed.fault === 'too_deep',
    )
  const frame = parsed.value
  if (!Array.isArray(frame) || typeof frame[0] !== 'string')
    return fault('a frame must be an array that begins with its kind')
  if (binary) {
    const slot = PAYLOAD_SLOT.get(frame[0])
    if (slot === undefined || frame[slot] !== null) return fault(`"${clip(frame[0])}" cannot be a binary frame`)
    frame[slot] = binary.payload
  }
  return frame
}

function fault(reason: string, tooDeep = false): FrameFault {
  return { kind: 'fault', reason, tooDeep, ref: null }
}

function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

function clientFrame(frame: readonly unknown[]): ClientFrame {
  const kind = frame[0] as string
  if (kind === 'pong') return { kind }
  if (kind === 'hello') {
    const options = fields(frame[1] ?? {}, 'hello options')
    const resume = options.resume ?? null
    need(resume === null || (typeof resume === 'string' && resume.length <= 512), 'resume must be a token')
    return { kind, credentials: options.credentials, resume }
  }
  need(REQUESTS.has(kind), `unknown frame "${clip(kind)}"`)
  const ref = frame[1]
  need(isRef(ref), 'the ref must be a whole number from 1')
  if (kind === 'refresh') return { kind, ref, credentials: frame[2] }
  if (kind === 'ping') return { kind, ref }
  const topic = frame[2]
  need(typeof topic === 'string', 'the topic must be a text')
  switch (kind) {
    case 'join':
      return { kind, ref, topic, options: decodeJoinOptions(fields(frame[3] ?? {}, 'join options')) }
    case 'send': {
      const [event, payload, id] = [frame[3], frame[4], frame[5] ?? null]
      need(isName(event), 'the event must be a text of 1 to 255 characters')
      need(id === null || isName(id), 'the message id must be a text of 1 to 255 characters')
      return { kind, ref, topic, event, payload, id }
    }
    case 'call': {
      const name = frame[3]
      need(isName(name), 'the name must be a text of 1 to 255 characters')
      return { kind, ref, topic, name, payload: frame[4] }
    }
    case 'track':
      return { kind, ref, topic, meta: frame[3] }
    case 'history': {
      const { before = null, after = null, limit = 50 } = fields(frame[3] ?? {}, 'history options')
      need(before === null || isOffset(before), 'before must be an offset')
      need(after === null || isOffset(after), 'after must be an offset')
      need(before === null || after === null, 'give before or after, not both')
      need(isRef(limit), 'limit must be a whole number from 1')
      return { kind, ref, topic, before, after, limit }
    }
    case 'roster': {
      const { since } = fields(frame[3] ?? {}, 'roster options')
      return { kind, ref, topic, since: since === undefined ? null : rosterVersion(since) }
    }
    default:
      return { kind: kind as 'leave' | 'untrack', ref, topic }
  }
}

function decodeJoinOptions({ input, presence, position, last, roster }: Fields): JoinOptions {
  need(last === undefined || isOffset(last), 'last must be a whole number from 0')
  return {
    ...(input !== undefined && { input }),
    ...(presence !== undefined && { presence }),
    ...(position !== undefined && { position: readPosition(position) }),
    ...(last !== undefined && { last }),
    ...(roster !== undefined && { roster: rosterVersion(roster) }),
  }
}

function serverFrame(frame: readonly unknown[]): ServerFrame {
  const [kind, a, b, c, d] = frame
  switch (kind) {
    case 'ping':
      return { kind }
    case 'welcome':
      return welcome(fields(a, 'welcome'))
    case 'ok':
      need(isRef(a), 'ref')
      return { kind, ref: a, result: b }
    case 'error':
      need(isRef(a), 'ref')
      return { kind, ref: a, refusal: refusal(fields(b, 'error')) }
    case 'message':
      need(typeof a === 'string' && typeof b === 'string', 'message')
      return { kind, topic: a, event: b, payload: c, stamp: stamp(fields(d, 'stamp')) }
    case 'presence':
      need(typeof a === 'string', 'topic')
      return { kind, topic: a, roster: decodeRoster(b) }
    case 'position':
      need(typeof a === 'string', 'topic')
      return { kind, topic: a, position: readPosition(b) }
    case 'gap': {
      need(typeof a === 'string', 'topic')
      const { reason, position } = fields(b, 'gap')
      return { kind, topic: a, reason: reason as GapReason, position: readPosition(position) }
    }
    case 'left': {
      need(typeof a === 'string', 'topic')
      return { kind, topic: a, reason: String(fields(b, 'left').reason) }
    }
    case 'closing': {
      const { reason, retryAfterMs, spreadMs } = fields(a, 'closing')
      return { kind, reason: String(reason), retryAfterMs: Number(retryAfterMs) || 0, spreadMs: Number(spreadMs) || 0 }
    }
    default:
      return { kind: 'unknown' }
  }
}

function welcome(w: Fields): ServerFrame {
  need(typeof w.connection === 'string' && isOffset(w.pingMs) && isOffset(w.deadMs), 'welcome')
  const user = fields(w.user, 'user')
  need(typeof user.id === 'string', 'user')
  return {
    kind: 'welcome',
    connection: w.connection,
    user: { ...user, id: user.id },
    ...(typeof w.resume === 'string' && { resume: w.resume, resumeMs: Number(w.resumeMs) || 0 }),
    resumed: w.resumed === true,
    pingMs: w.pingMs,
    deadMs: w.deadMs,
    maxMessageBytes: Number(w.maxMessageBytes) || 0,
  }
}

function refusal({ code, message, retryAfterMs, details }: Fields): Refusal {
  return {
    code: String(code) as ErrorCode,
    message: String(message),
    ...(typeof retryAfterMs === 'number' && { retryAfterMs }),
    ...(details !== undefined && { details }),
  }
}

function stamp({ from, at, offset }: Fields): MessageStamp {
  need(typeof at === 'number', 'at')
  return { from: (from as Sender | undefined) ?? null, at, ...(isOffset(offset) && { offset }) }
}

/** Reads the result of a join. @throws if the server broke the protocol. */
export function decodeJoined(result: unknown): JoinedResult {
  const { entry, position, recovery, gap, roster, reply } = fields(result, 'join result')
  return {
    entry: entry === undefined ? null : readEntry(entry),
    position: position === undefined ? null : readPosition(position),
    recovery: recovery === 'gap' ? { gap: gap as GapReason } : recovery === 'recovered' ? 'recovered' : 'fresh',
    roster: roster === undefined ? null : decodeRoster(roster),
    reply,
  }
}

/** Reads the result of a send. @throws if the server broke the protocol. */
export function decodeSent(result: unknown): Position | null {
  const { position } = fields(result ?? {}, 'send result')
  return position === undefined ? null : readPosition(position)
}

/** A page of history, as a client gets it: oldest first. */
export interface WirePage {
  readonly epoch: string
  readonly more: boolean
  readonly messages: readonly { readonly event: string; readonly payload: unknown; readonly stamp: MessageStamp }[]
}

/** Reads the result of a history request. @throws if the server broke the protocol. */
export function decodePage(result: unknown): WirePage {
  const { epoch, more, messages } = fields(result, 'history page')
  need(typeof epoch === 'string' && Array.isArray(messages), 'history page')
  return { epoch, more: more === true, messages: messages.map(readPaged) }
}

function readPaged(value: unknown): WirePage['messages'][number] {
  need(Array.isArray(value) && typeof value[0] === 'string', 'message')
  const [event, raw, stamped, encoding] = value
  const payload = encoding === 'base64' && typeof raw === 'string' ? fromBase64url(raw) : raw
  return { event, payload, stamp: stamp(fields(stamped, 'stamp')) }
}

/** Reads a roster in any of its three forms. @throws if the server broke the protocol. */
export function decodeRoster(value: unknown): WireRoster {
  const { v, since, set, gone, entries, members, count } = fields(value, 'roster')
  const version = rosterVersion(v)
  if (Array.isArray(entries)) return { kind: 'state', version, entries: entries.map(readEntry) }
  if (isOffset(members) && isOffset(count)) return { kind: 'count', version, members, entries: count }
  need(isOffset(since) && Array.isArray(set) && Array.isArray(gone), 'roster')
  return { kind: 'diff', version, since, set: set.map(readEntry), gone: gone.map(String) }
}

function readEntry(value: unknown): Entry {
  need(Array.isArray(value), 'entry')
  const [id, key, meta, rev] = value
  need(typeof id === 'string' && typeof key === 'string' && isOffset(rev), 'entry')
  return { id, key, meta, rev }
}

function rosterVersion(value: unknown): RosterVersion {
  const [epoch, version] = pair(value, 'a roster version')
  return { epoch, version }
}

function readPosition(value: unknown): Position {
  const [epoch, offset] = pair(value, 'a position')
  return { epoch, offset }
}

function pair(value: unknown, what: string): [string, number] {
  need(Array.isArray(value), `${what} must be [epoch, number]`)
  const [epoch, number] = value
  need(typeof epoch === 'string' && epoch.length <= 64 && isOffset(number), `${what} must be [epoch, number]`)
  return [epoch, number]
}

function fields(value: unknown, what: string): Fields {
  need(typeof value === 'object' && value !== null && !Array.isArray(value), `${what} must be an object`)
  return value as Fields
}

function isRef(value: unknown): value is number {
  return isOffset(value) && value > 0
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME_LENGTH
}
