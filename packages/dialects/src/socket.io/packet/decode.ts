import { parseJson } from '@rollcall/core'
import { type Fault, fault, type PacketLimits, RESERVED, type SioPacket } from './packet.ts'

// `<type>[<attachments>-][<namespace>,][<ack id>][JSON]`, in one pass over the head. Everything that the reference only
// tolerates because of how its parser is written (blanks, hex numbers, ids beyond 2^53) is refused.

const CONNECT = 0
const DISCONNECT = 1
const EVENT = 2
const ACK = 3
const BINARY_EVENT = 5
const BINARY_ACK = 6

const SLASH = 0x2f
const MAX_ID_DIGITS = 16

/** A packet whose attachments are still to come. */
export interface Incomplete {
  readonly kind: 'incomplete'
  readonly packet: SioPacket & { readonly kind: 'event' | 'ack' }
  readonly attachments: number
}

/** Reads the text of a packet. */
export function decode(text: string, limits: PacketLimits): SioPacket | Incomplete | Fault {
  const type = text.charCodeAt(0) - 0x30
  let at = 1
  let attachments = 0
  if (type === BINARY_EVENT || type === BINARY_ACK) {
    const end = digitsEnd(text, at, 2)
    attachments = Number(text.slice(at, end))
    if (end === at || text[end] !== '-' || attachments === 0) return fault('attachments are not counted')
    if (attachments > limits.attachments) return fault('too many attachments')
    at = end + 1
  }
  let nsp = '/'
  if (text.charCodeAt(at) === SLASH) {
    const comma = text.indexOf(',', at)
    const end = comma < 0 ? text.length : comma
    nsp = text.slice(at, end)
    at = end + 1
  }
  switch (type) {
    case CONNECT:
      return decodeConnect(nsp, text.slice(at), limits)
    case DISCONNECT:
      return at >= text.length ? { kind: 'disconnect', nsp } : fault('a disconnect with content')
    case EVENT:
    case BINARY_EVENT:
    case ACK:
    case BINARY_ACK:
      return decodeArgs(type, nsp, text, at, attachments, limits)
    default:
      return fault('an unknown type of packet')
  }
}

function decodeConnect(nsp: string, json: string, { depth }: PacketLimits): SioPacket | Fault {
  if (json === '') return { kind: 'connect', nsp, auth: undefined }
  const parsed = parseJson(json, depth)
  if ('fault' in parsed) return fault('auth is not JSON', parsed.fault === 'too_deep')
  const { value } = parsed
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault('auth is not an object')
  return { kind: 'connect', nsp, auth: value as Record<string, unknown> }
}

function decodeArgs(
  type: number,
  nsp: string,
  text: string,
  start: number,
  attachments: number,
  { depth }: PacketLimits,
): SioPacket | Incomplete | Fault {
  const end = digitsEnd(text, start, MAX_ID_DIGITS)
  const id = end === start ? null : text.slice(start, end)
  if (id !== null && !Number.isSafeInteger(Number(id))) return fault('an ack id beyond 2^53')
  const isAck = type === ACK || type === BINARY_ACK
  // An ack may be for nobody, and say nothing.
  if (isAck && end >= text.length && attachments === 0) return { kind: 'ack', nsp, id, args: [] }
  const parsed = parseJson(text.slice(end), depth)
  if ('fault' in parsed) return fault('arguments are not JSON', parsed.fault === 'too_deep')
  const { value } = parsed
  // A blank or another sign before the array would be JSON as well.
  if (!Array.isArray(value) || text[end] !== '[') return fault('arguments are not an array')
  const packet = isAck ? ({ kind: 'ack', nsp, id, args: value } as const) : toEvent(nsp, id, value)
  return packet.kind !== 'fault' && attachments > 0 ? { kind: 'incomplete', packet, attachments } : packet
}

function toEvent(nsp: string, id: string | null, [name, ...args]: unknown[]) {
  // Numbers are names too.
  if (typeof name !== 'string' && typeof name !== 'number') return fault('an event without a name')
  const event = String(name)
  return RESERVED.has(event) ? fault('a reserved event') : ({ kind: 'event', nsp, id, event, args } as const)
}

function digitsEnd(text: string, start: number, max: number): number {
  let at = start
  while (at < start + max) {
    const code = text.charCodeAt(at)
    if (!(code >= 0x30 && code <= 0x39)) break
    at++
  }
  return at
}
