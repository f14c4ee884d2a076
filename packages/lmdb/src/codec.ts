import { crc32 } from 'node:zlib'
import type { Sender } from '@rollcall/core'
import type { LogMessage, LogRecord, Retention } from 'rollcall/log'

// What stands in the folder. Every value ends with the CRC-32 of its key and of what stands before it, so that a wrong
// byte is found at opening. Numbers in keys are big-endian, so that the order of keys is that of topics and offsets.
//
//   messages  [topic u32, offset u64]  kind u8, since f64, before f64, head u32, text or head and bytes
//   topics    JSON of the name         JSON of TopicRow
//   keys      [serial u64]             JSON of KeyRow
//   state     its name                 JSON

const MESSAGE_KEY = 12
const MESSAGE_HEADER = 21
const CRC = 4
const JSON_TEXT = 0
const BYTES = 1

/** A topic's row. It is written when the topic is made, and whenever messages of it are deleted. */
export interface TopicRow {
  readonly id: number
  readonly generation: number
  readonly retention: Retention
  /** The lowest offset that is stored, as of this row. */
  readonly low: number
  /** The newest offset as of this row: the truth if no message is stored, else a lower bound. */
  readonly top: number
  /** When that was. */
  readonly since: number
}

/** An idempotency key. */
export interface KeyRow {
  readonly topic: number
  readonly key: string
  readonly offset: number
  readonly since: number
}

/** What keeping a message needs to know of it without reading its content. */
export interface Mark {
  /** When it was appended, by the log's clock; never falls within a topic. */
  readonly since: number
  /** The bytes of all messages of the topic before it, as a running total. */
  readonly before: number
  readonly bytes: number
}

/** A record as it will be stored: the payload is encoded when it is given, so that it cannot change afterwards. */
export interface Encoded {
  readonly text: string
  readonly bytes: Uint8Array | null
}

/** @throws TypeError if the payload is nothing that JSON can carry. */
export function encodeRecord(record: LogRecord): Encoded {
  const { event, from, at, payload } = record
  if (payload instanceof Uint8Array) return { text: JSON.stringify([event, from, at]), bytes: payload }
  return { text: JSON.stringify([event, from, at, payload]), bytes: null }
}

/** The bytes of a record as stored, without its key. */
export function storedBytes({ text, bytes }: Encoded): number {
  return MESSAGE_HEADER + Buffer.byteLength(text) + (bytes?.length ?? 0) + CRC
}

export function messageKey(topic: number, offset: number, into: Buffer): Buffer {
  into.writeUInt32BE(topic, 0)
  into.writeUInt32BE(Math.floor(offset / 0x1_0000_0000), 4)
  into.writeUInt32BE(offset >>> 0, 8)
  return into
}

export function parseMessageKey(key: Buffer): { topic: number; offset: number } | null {
  if (key.length !== MESSAGE_KEY) return null
  return { topic: key.readUInt32BE(0), offset: key.readUInt32BE(4) * 0x1_0000_0000 + key.readUInt32BE(8) }
}

/** Encodes messages for the engine, which copies what it is given: one buffer serves them all. */
export class MessageWriter {
  private buffer: Buffer = Buffer.allocUnsafeSlow(64 * 1024)

  /** Key and value, valid until the next call. */
  write(topic: number, offset: number, record: Encoded, since: number, before: number): { key: Buffer; value: Buffer } {
    const { text, bytes } = record
    // A UTF-16 code unit takes at most three bytes of UTF-8.
    const room = MESSAGE_KEY + MESSAGE_HEADER + text.length * 3 + (bytes?.length ?? 0) + CRC
    if (room > this.buffer.length) this.buffer = Buffer.allocUnsafeSlow(room * 2)
    const { buffer } = this
    const key = messageKey(topic, offset, buffer.subarray(0, MESSAGE_KEY))
    let at = MESSAGE_KEY
    at = buffer.writeUInt8(bytes ? BYTES : JSON_TEXT, at)
    at = buffer.writeDoubleLE(since, at)
    at = buffer.writeDoubleLE(before, at)
    const head = at
    at += 4
    const length = buffer.write(text, at, 'utf8')
    buffer.writeUInt32LE(length, head)
    at += length
    if (bytes) {
      buffer.set(bytes, at)
      at += bytes.length
    }
    at = buffer.writeUInt32LE(crc32(buffer.subarray(0, at)), at)
    return { key, value: buffer.subarray(MESSAGE_KEY, at) }
  }
}

export function readMark(value: Buffer): Mark {
  return { since: value.readDoubleLE(1), before: value.readDoubleLE(9), bytes: value.length }
}

/** A message from its value. A payload of bytes is a copy. */
export function decodeMessage(offset: number, value: Buffer): LogMessage {
  const start = MESSAGE_HEADER
  const head = start + value.readUInt32LE(17)
  const [event, from, at, payload] = JSON.parse(value.toString('utf8', start, head)) as [
    string,
    Sender | null,
    number,
    unknown,
  ]
  const bytes = value.readUInt8(0) === BYTES
  return {
    offset,
    event,
    payload: bytes ? new Uint8Array(value.subarray(head, value.length - CRC)) : payload,
    from,
    at,
  }
}

/** Whether a message's value could be decoded: its CRC being right, only a fault of this package would say no. */
export function isMessage(value: Buffer): boolean {
  if (value.length < MESSAGE_HEADER + CRC || value.readUInt8(0) > BYTES) return false
  return MESSAGE_HEADER + value.readUInt32LE(17) <= value.length - CRC
}

/** The key of a topic's row. JSON escapes what UTF-8 cannot carry, so no two names share a key. */
export function topicKey(name: string): Buffer {
  return Buffer.from(JSON.stringify(name))
}

export function serialKey(serial: number): Buffer {
  const key = Buffer.allocUnsafe(8)
  key.writeBigUInt64BE(BigInt(serial))
  return key
}

export function parseSerialKey(key: Buffer): number {
  return Number(key.readBigUInt64BE(0))
}

/** A row as a value for `key`. */
export function encodeRow(key: Buffer, row: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(row))
  const value = Buffer.allocUnsafe(text.length + CRC)
  text.copy(value)
  value.writeUInt32LE(crc32(text, crc32(key)), text.length)
  return value
}

export function decodeRow<T>(value: Buffer): T {
  return JSON.parse(value.toString('utf8', 0, value.length - CRC)) as T
}

/** Whether a value is what was written for its key. */
export function isWhole(key: Buffer, value: Buffer): boolean {
  if (value.length < CRC) return false
  const end = value.length - CRC
  return crc32(value.subarray(0, end), crc32(key)) === value.readUInt32LE(end)
}
