import { type Delivery, decodeServer, fromUtf8, type Payload, rollcallVariant, toUtf8 } from '@rollcall/core'
import { Broadcast } from '../hub/broadcast.ts'
import { Frame } from '../hub/frame.ts'
import { openWire } from '../hub/wire.ts'

// How a message without history crosses from node to node: as the very bytes that native clients get, so that it is encoded
// once for all nodes, and read only where somebody is spoken to in another way. Before them:
//
//   marks u8, key length u16 (big-endian), key

const HEADER = 3
const NO_KEY = 0xffff
const MARKS = 0x80
const VOLATILE = 1
const NO_BYTES = new Uint8Array()

/** @throws RangeError if the key of a volatile message is too long to be carried. */
export function encodeRelay(broadcast: Broadcast): Uint8Array {
  const { volatile, key } = broadcast.kind
  const keyBytes = key === null ? NO_BYTES : toUtf8(key)
  if (keyBytes.length >= NO_KEY) throw new RangeError(`The key of a volatile message has ${keyBytes.length} bytes`)
  const wire = broadcast.frame(rollcallVariant).wire()
  const keyLength = key === null ? NO_KEY : keyBytes.length
  const relayed = new Uint8Array(HEADER + keyBytes.length + wire.length)
  relayed[0] = MARKS | (volatile ? VOLATILE : 0)
  relayed[1] = keyLength >> 8
  relayed[2] = keyLength & 0xff
  relayed.set(keyBytes, HEADER)
  relayed.set(wire, HEADER + keyBytes.length)
  return relayed
}

/** Reads what other nodes send of a topic: answers null for what no node of this version would. */
export function relayReader(topic: string): (relayed: Uint8Array) => Broadcast | null {
  const beginning = toUtf8(`["message",${JSON.stringify(topic)},`)
  return (relayed) => {
    const marks = relayed[0] ?? 0
    if ((marks & MARKS) === 0) return null
    const keyLength = ((relayed[1] ?? 0) << 8) | (relayed[2] ?? 0)
    const wireAt = keyLength === NO_KEY ? HEADER : HEADER + keyLength
    const opened = openWire(relayed.subarray(wireAt))
    // Bytes are behind their text, and that behind its length.
    if (!opened || !beginsWith(opened.body.subarray(opened.isText ? 0 : 2), beginning)) return null
    const key = keyLength === NO_KEY ? null : fromUtf8(relayed.subarray(HEADER, wireAt))
    const kind = { offset: 0, volatile: (marks & VOLATILE) !== 0, key, roster: false }
    const frame = Frame.fromWire(relayed.subarray(wireAt), kind)
    const broadcast = new Broadcast(() => deliveryOf(frame.payloads[0]), kind)
    broadcast.know(rollcallVariant, frame)
    return broadcast
  }
}

function beginsWith(bytes: Uint8Array, beginning: Uint8Array): boolean {
  for (let i = 0; i < beginning.length; i++) if (bytes[i] !== beginning[i]) return false
  return true
}

/** @throws Error if it is no message. */
function deliveryOf(payload: Payload = ''): Delivery {
  const frame = decodeServer(payload)
  if (frame.kind !== 'message') throw new Error('What another node sent is no message')
  const { topic, event, stamp } = frame
  return { topic, event, payload: frame.payload, from: stamp.from, at: stamp.at, position: null }
}
