import { fromBase64url } from '../base64.ts'
import type { Payload, Sender } from '../dialect.ts'
import type { ErrorCode } from '../errors.ts'
import { type GapReason, isOffset, type Position } from '../position.ts'
import type { Entry } from '../roster.ts'
import { placePayload, splitBinary } from './binary.ts'
import type { JoinedResult, MessageStamp, ServerFrame, WelcomeFrame, WireRoster } from './frames.ts'

// Read without the explanations that a client gets: a server that breaks the protocol costs the connection, and that is all.
// Whatever is no object or array where one must be throws by itself.

type Fields = Readonly<Record<string, unknown>>

/** Reads what a server sent. Never throws. */
export function decodeServer(payload: Payload): ServerFrame | { readonly kind: 'fault' } {
  try {
    return readFrame(list(typeof payload === 'string' ? JSON.parse(payload) : openBinary(payload)))
  } catch {
    return { kind: 'fault' }
  }
}

function openBinary(payload: Uint8Array): unknown[] {
  const { header, payload: bytes } = splitBinary(payload) ?? fault()
  const frame = JSON.parse(header)
  return placePayload(frame, bytes) ? frame : fault()
}

function readFrame([kind, a, b, c, d]: readonly unknown[]): ServerFrame {
  switch (kind) {
    case 'ping':
      return { kind }
    case 'welcome':
      return readWelcome(a as Fields)
    case 'ok':
      return { kind, ref: whole(a) || fault(), result: b }
    case 'error': {
      const { code, message, retryAfterMs = 0, details } = b as Fields
      const known = { code: text(code) as ErrorCode, message: text(message), retryAfterMs: whole(retryAfterMs) }
      return { kind, ref: whole(a) || fault(), refusal: { ...known, details } }
    }
    case 'closing': {
      const { reason, retryAfterMs, spreadMs } = a as Fields
      return { kind, reason: text(reason), retryAfterMs: whole(retryAfterMs), spreadMs: whole(spreadMs) }
    }
    case 'message':
      return { kind, topic: text(a), event: text(b), payload: c, stamp: readStamp(d) }
    case 'presence':
      return { kind, topic: text(a), roster: decodeRoster(b) }
    case 'position':
      return { kind, topic: text(a), position: readPosition(b) }
    case 'gap': {
      const { reason, position } = b as Fields
      return { kind, topic: text(a), reason: text(reason) as GapReason, position: readPosition(position) }
    }
    case 'left':
      return { kind, topic: text(a), reason: text((b as Fields).reason) }
    default:
      text(kind)
      return { kind: 'unknown' }
  }
}

function readWelcome(welcome: Fields): WelcomeFrame {
  const { connection, user, pingMs, deadMs, maxMessageBytes } = welcome as Fields & WelcomeFrame
  return {
    ...(welcome as Fields & WelcomeFrame),
    kind: 'welcome',
    connection: text(connection),
    user: { ...user, id: text(user.id) },
    pingMs: whole(pingMs),
    deadMs: whole(deadMs),
    maxMessageBytes: whole(maxMessageBytes),
  }
}

function readStamp(value: unknown): MessageStamp {
  const { from = null, at, offset } = value as Fields
  return { from: from as Sender | null, at: whole(at), offset: offset === undefined ? offset : whole(offset) }
}

/** Reads the result of a join. @throws if the server broke the protocol. */
export function decodeJoined(result: unknown): JoinedResult {
  const { entry, position, recovery, gap, roster, reply } = result as Fields
  return {
    entry: entry ? readEntry(entry) : null,
    position: position ? readPosition(position) : null,
    recovery: recovery === 'gap' ? { gap: gap as GapReason } : recovery === 'recovered' ? recovery : 'fresh',
    roster: roster ? decodeRoster(roster) : null,
    reply,
  }
}

/** Reads the result of a send. @throws if the server broke the protocol. */
export function decodeSent(result: unknown): Position | null {
  const { position } = (result ?? {}) as Fields
  return position ? readPosition(position) : null
}

/** A page of history, as a client gets it: oldest first. */
export interface WirePage {
  readonly epoch: string
  readonly more: boolean
  readonly messages: readonly { readonly event: string; readonly payload: unknown; readonly stamp: MessageStamp }[]
}

/** Reads the result of a history request. @throws if the server broke the protocol. */
export function decodePage(result: unknown): WirePage {
  const { epoch, more, messages } = result as Fields
  return {
    epoch: text(epoch),
    more: more === true,
    messages: list(messages).map((message) => {
      const [event, raw, stamp, encoding] = list(message)
      const payload = encoding === 'base64' ? fromBase64url(text(raw)) : raw
      return { event: text(event), payload, stamp: readStamp(stamp) }
    }),
  }
}

/** Reads a roster in any of its three forms. @throws if the server broke the protocol. */
export function decodeRoster(value: unknown): WireRoster {
  const { v, since, set, gone, entries, members, count } = value as Fields
  const { epoch, offset } = readPosition(v)
  const version = { epoch, version: offset }
  if (entries) return { kind: 'state', version, entries: list(entries).map(readEntry) }
  if (set)
    return { kind: 'diff', version, since: whole(since), set: list(set).map(readEntry), gone: list(gone).map(text) }
  return { kind: 'count', version, members: whole(members), entries: whole(count) }
}

function readEntry(value: unknown): Entry {
  const [id, key, meta, rev] = list(value)
  return { id: text(id), key: text(key), meta, rev: whole(rev) }
}

function readPosition(value: unknown): Position {
  const [epoch, offset] = list(value)
  return { epoch: text(epoch), offset: whole(offset) }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : fault()
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : fault()
}

function whole(value: unknown): number {
  return isOffset(value) ? value : fault()
}

function fault(): never {
  throw new TypeError('This is not of the protocol')
}
