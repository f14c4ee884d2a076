import {
  type Delivery,
  decodeServer,
  fromUtf8,
  type Payload,
  rollcallVariant,
  splitBinary,
  toUtf8,
} from '@rollcall/core'
import { Broadcast } from '../hub/broadcast.ts'
import { Frame } from '../hub/frame.ts'
import { keepWire, openWire } from '../hub/wire.ts'

// How a message without history crosses from node to node: as the very bytes that native clients get, so that it is encoded
// once for all nodes, and read only where somebody is spoken to in another way. Before them:
//
//   marks u8, key length u16 (big-endian; 0xffff without a key), key
//
// Marks that a node does not know mean nothing to it.

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
  const beginning = `["message",${JSON.stringify(topic)},`
  return (relayed) => {
    const marks = relayed[0] ?? 0
    if ((marks & MARKS) === 0) return null
    const keyLength = ((relayed[1] ?? 0) << 8) | (relayed[2] ?? 0)
    const wireAt = keyLength === NO_KEY ? HEADER : HEADER + keyLength
    // What it came in is not kept.
    const wire = keepWire(relayed.subarray(wireAt))
    const payload = payloadOf(wire)
    const text = payload instanceof Uint8Array ? splitBinary(payload)?.header : payload
    if (payload === null || !text?.startsWith(beginning)) return null
    const key = keyLength === NO_KEY ? null : fromUtf8(relayed.subarray(HEADER, wireAt))
    const kind = { offset: 0, volatile: (marks & VOLATILE) !== 0, key, roster: false }
    const broadcast = new Broadcast(() => deliveryOf(payload), kind)
    broadcast.adopt(rollcallVariant, new Frame(payload, kind, wire))
    return broadcast
  }
}

/** What a frame says; null if that is no frame, or no UTF-8. */
function payloadOf(wire: Uint8Array): Payload | null {
  const opened = openWire(wire)
  if (!opened) return null
  return opened.isText ? fromUtf8(opened.body) : opened.body
}

/** @throws Error if it is no message. */
function deliveryOf(payload: Payload): Delivery {
  const frame = decodeServer(payload)
  if (frame.kind !== 'message') throw new Error('What another node sent is no message')
  const { topic, event, stamp } = frame
  // Bytes of their own: whoever is given them may do with them what it likes.
  const said = frame.payload instanceof Uint8Array ? new Uint8Array(frame.payload) : frame.payload
  return { topic, event, payload: said, from: stamp.from, at: stamp.at, position: null }
}
