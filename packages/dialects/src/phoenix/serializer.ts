import { type Delivery, type Payload, parseJson, type RosterCount, type RosterDiff, type Variant } from '@rollcall/core'
import { decodeBinary, encodeBinaryBroadcast, encodeBinaryReply } from './binary.ts'
import { type Frame, type FrameFault, NO_REF, type Ref, toFrame } from './frames.ts'
import { payloadText } from './payload.ts'
import { countText, diffText } from './presence.ts'

/** How a client wants to be spoken to. */
export interface Format {
  readonly version: 1 | 2
  /** Whether bytes can go to it as bytes: in protocol 2, over a WebSocket. */
  readonly binary: boolean
  /** Whether each message says who it is from and where it stands in its topic's log. */
  readonly stamped: boolean
}

/** How frames and what they say become each other. */
export interface Serializer {
  /** How every subscriber of this format is spoken to. */
  readonly variant: Variant
  decode(payload: Payload): Frame | FrameFault
  reply(joinRef: Ref, ref: Ref, topic: string, status: 'ok' | 'error', response: unknown): Payload
  /** Something for one channel, its payload as JSON text. */
  push(joinRef: Ref, topic: string, event: string, payload: string): Payload
  /** The end of one: `phx_close` or `phx_error`. */
  end(joinRef: Ref, topic: string, event: string, payload: string): Payload
  /** The end of one that another join has taken the place of: the client must not take it for the new one's. */
  endReplaced(joinRef: Ref, topic: string): Payload
}

// A frame with its payload as JSON text. `stamp` is JSON text, too, or empty.
type Write = (joinRef: Ref, ref: Ref, topic: string, event: string, payload: string, stamp: string) => string

const writeV1: Write = (_, ref, topic, event, payload, stamp) =>
  `{"topic":${JSON.stringify(topic)},"event":${JSON.stringify(event)},"payload":${payload},"ref":${ref}${
    stamp === '' ? '}' : `,"stamp":${stamp}}`
  }`

const writeV2: Write = (joinRef, ref, topic, event, payload, stamp) =>
  `[${joinRef},${ref},${JSON.stringify(topic)},${JSON.stringify(event)},${payload}${stamp === '' ? ']' : `,${stamp}]`}`

export function phoenixSerializer(format: Format, maxDepth: number): Serializer {
  const write = format.version === 1 ? writeV1 : writeV2
  const decodeText = format.version === 1 ? decodeV1 : decodeV2
  return {
    variant: phoenixVariant(format, write),
    decode(payload) {
      if (typeof payload !== 'string')
        return format.version === 1 ? { fault: 'protocol 1 has no binary frames' } : decodeBinary(payload)
      const parsed = parseJson(payload, maxDepth)
      if ('fault' in parsed) return { fault: parsed.fault === 'too_deep' ? 'nested too deep' : 'not JSON' }
      return decodeText(parsed.value)
    },
    reply(joinRef, ref, topic, status, response) {
      if (format.binary && response instanceof Uint8Array) {
        const bytes = encodeBinaryReply(joinRef, ref, topic, status, response)
        if (bytes) return bytes
      }
      const payload = `{"status":"${status}","response":${responseText(response)}}`
      return write(joinRef, ref, topic, 'phx_reply', payload, '')
    },
    push: (joinRef, topic, event, payload) => write(joinRef, NO_REF, topic, event, payload, ''),
    // Protocol 1 names no join.
    end: (joinRef, topic, event, payload) =>
      write(joinRef, format.version === 1 ? NO_REF : joinRef, topic, event, payload, ''),
    endReplaced: (joinRef, topic) => write(joinRef, joinRef, topic, 'phx_close', '{}', ''),
  }
}

// The client hands a reply on without looking at it: nothing may be null here.
function responseText(response: unknown): string {
  return response === null ? 'null' : payloadText(response)
}

function phoenixVariant({ version, binary, stamped }: Format, write: Write): Variant {
  const broadcast = (topic: string, event: string, payload: string) => write(NO_REF, NO_REF, topic, event, payload, '')
  return {
    id: `phoenix ${version}${binary ? ' binary' : ''}${stamped ? ' stamped' : ''}`,
    message(delivery) {
      const { topic, event, payload } = delivery
      if (stamped) return write(NO_REF, NO_REF, topic, event, payloadText(payload), stampText(delivery))
      if (binary && payload instanceof Uint8Array) {
        const bytes = encodeBinaryBroadcast(topic, event, payload)
        if (bytes) return bytes
      }
      return broadcast(topic, event, payloadText(payload))
    },
    presence: (topic: string, diff: RosterDiff) => broadcast(topic, 'presence_diff', diffText(diff)),
    count: (topic: string, count: RosterCount) => broadcast(topic, 'presence_count', countText(count)),
    position: () => null,
  }
}

function stampText({ from, at, position }: Delivery): string {
  return JSON.stringify({
    ...(from && { from }),
    at,
    ...(position && { position: [position.epoch, position.offset] }),
  })
}

function decodeV2(value: unknown): Frame | FrameFault {
  if (!Array.isArray(value) || value.length < 5) return { fault: 'a message must be an array of five' }
  const [joinRef, ref, topic, event, payload] = value as unknown[]
  return toFrame(joinRef, ref, topic, event, payload)
}

function decodeV1(value: unknown): Frame | FrameFault {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { fault: 'a message must be an object' }
  for (const field of ['topic', 'event', 'payload', 'ref'])
    if (!Object.hasOwn(value, field)) return { fault: `a message must have ${field}` }
  const { topic, event, payload, ref, join_ref } = value as Record<string, unknown>
  // The ref of a join stands for the join.
  const joinRef = event === 'phx_join' ? (join_ref ?? ref) : join_ref
  return toFrame(joinRef, ref, topic, event, payload)
}
