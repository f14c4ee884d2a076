import type { Payload } from '../dialect.ts'
import { parseJson } from '../json.ts'
import { isOffset, type Position } from '../position.ts'
import type { RosterVersion } from '../roster.ts'
import { placePayload, splitBinary } from './binary.ts'
import { type ClientFrame, type JoinOptions, MAX_DEPTH, type Ref } from './frames.ts'

/** The longest event, call or message id, in code units. */
export const MAX_NAME_LENGTH = 255

/** A frame that could not be read. With `ref`, the request alone fails; without, the connection does. */
export interface FrameFault {
  readonly kind: 'fault'
  readonly reason: string
  readonly tooDeep: boolean
  readonly ref: Ref | null
}

type Fields = Readonly<Record<string, unknown>>

class Fault extends Error {
  readonly tooDeep: boolean

  constructor(reason: string, tooDeep: boolean = false) {
    super(reason)
    this.tooDeep = tooDeep
  }
}

function need(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Fault(reason)
}

/** Reads what a client sent. Never throws. */
export function decodeClient(payload: Payload, maxDepth: number = MAX_DEPTH): ClientFrame | FrameFault {
  let ref: Ref | null = null
  try {
    const frame = openFrame(payload, maxDepth)
    if (REQUESTS.has(frame[0]) && isRef(frame[1])) ref = frame[1]
    return readFrame(frame, ref)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { kind: 'fault', reason: error.message, tooDeep: error.tooDeep, ref }
  }
}

const REQUESTS: ReadonlySet<string> = new Set([
  'join',
  'leave',
  'send',
  'call',
  'track',
  'untrack',
  'history',
  'roster',
  'refresh',
  'ping',
])

function openFrame(payload: Payload, maxDepth: number): readonly [string, ...unknown[]] {
  const binary = typeof payload === 'string' ? null : splitBinary(payload)
  need(typeof payload === 'string' || binary !== null, 'a binary frame must begin with its header')
  const parsed = parseJson(binary ? binary.header : (payload as string), maxDepth)
  if ('fault' in parsed) {
    if (parsed.fault === 'too_deep') throw new Fault(`nested deeper than ${maxDepth}`, true)
    throw new Fault('not JSON')
  }
  const frame = parsed.value
  need(Array.isArray(frame) && typeof frame[0] === 'string', 'a frame must be an array that begins with its kind')
  if (binary) need(placePayload(frame, binary.payload), `"${clip(frame[0])}" cannot be a binary frame`)
  return frame as [string, ...unknown[]]
}

function readFrame(frame: readonly [string, ...unknown[]], ref: Ref | null): ClientFrame {
  const [kind, , third, fourth, fifth, sixth] = frame
  if (kind === 'pong') return { kind }
  if (kind === 'hello') {
    const { credentials, resume = null } = fields(frame[1] ?? {}, 'hello options')
    need(resume === null || (typeof resume === 'string' && resume.length <= 512), 'resume must be a token')
    return { kind, credentials, resume }
  }
  need(REQUESTS.has(kind), `unknown frame "${clip(kind)}"`)
  need(ref !== null, 'the ref must be a whole number from 1')
  if (kind === 'refresh') return { kind, ref, credentials: third }
  if (kind === 'ping') return { kind, ref }
  const topic = third
  need(typeof topic === 'string', 'the topic must be a text')
  switch (kind) {
    case 'join':
      return { kind, ref, topic, options: readJoinOptions(fields(fourth ?? {}, 'join options')) }
    case 'send':
      return {
        kind,
        ref,
        topic,
        event: name(fourth, 'the event'),
        payload: fifth,
        id: sixth === undefined || sixth === null ? null : name(sixth, 'the message id'),
      }
    case 'call':
      return { kind, ref, topic, name: name(fourth, 'the name'), payload: fifth }
    case 'track':
      return { kind, ref, topic, meta: fourth }
    case 'history': {
      const { before = null, after = null, limit = 50 } = fields(fourth ?? {}, 'history options')
      need(before === null || after === null, 'give before or after, not both')
      need(isRef(limit), 'limit must be a whole number from 1')
      return {
        kind,
        ref,
        topic,
        before: before === null ? null : whole(before, 'before'),
        after: after === null ? null : whole(after, 'after'),
        limit,
      }
    }
    case 'roster': {
      const { since } = fields(fourth ?? {}, 'roster options')
      return { kind, ref, topic, since: since === undefined ? null : rosterVersion(since) }
    }
    default:
      return { kind: kind as 'leave' | 'untrack', ref, topic }
  }
}

function readJoinOptions({ input, presence, position, last, roster }: Fields): JoinOptions {
  return {
    ...(input !== undefined && { input }),
    ...(presence !== undefined && { presence }),
    ...(position !== undefined && { position: readPosition(position) }),
    ...(last !== undefined && { last: whole(last, 'last') }),
    ...(roster !== undefined && { roster: rosterVersion(roster) }),
  }
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

function whole(value: unknown, what: string): number {
  need(isOffset(value), `${what} must be a whole number from 0`)
  return value
}

function isRef(value: unknown): value is Ref {
  return isOffset(value) && value > 0
}

function name(value: unknown, what: string): string {
  need(
    typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME_LENGTH,
    `${what} must be a text of 1 to ${MAX_NAME_LENGTH} characters`,
  )
  return value
}

function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
