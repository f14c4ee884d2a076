import type { Payload } from '../dialect.ts'
import type { RosterVersion } from '../roster.ts'
import { encodeFrame } from './binary.ts'
import type { ClientFrame } from './frames.ts'

/** A client's frame. @throws TypeError or RangeError on a payload that cannot be sent: a ring, a BigInt. */
export function encodeClient(frame: ClientFrame): Payload {
  const head: unknown[] = [frame.kind]
  if ('ref' in frame) head.push(frame.ref)
  if ('topic' in frame) head.push(frame.topic)
  return encodeFrame([...head, ...rest(frame)], 4)
}

/** What follows the kind, the ref and the topic. */
function rest(frame: ClientFrame): readonly unknown[] {
  switch (frame.kind) {
    case 'hello':
      return [{ credentials: frame.credentials, resume: frame.resume ?? undefined }]
    case 'refresh':
      return [frame.credentials ?? null]
    case 'join': {
      const { position, roster, ...options } = frame.options
      return [{ ...options, position: position && [position.epoch, position.offset], roster: roster && pair(roster) }]
    }
    case 'send': {
      const { event, payload = null, id } = frame
      return id === null ? [event, payload] : [event, payload, id]
    }
    case 'call':
      return [frame.name, frame.payload ?? null]
    case 'track':
      return [frame.meta]
    case 'history': {
      const { before, after, limit } = frame
      return [{ before: before ?? undefined, after: after ?? undefined, limit }]
    }
    case 'roster':
      return [{ since: frame.since ? pair(frame.since) : undefined }]
    default:
      return []
  }
}

function pair({ epoch, version }: RosterVersion): readonly [string, number] {
  return [epoch, version]
}
