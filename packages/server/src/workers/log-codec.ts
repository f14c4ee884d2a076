import type { Position, Sender } from '@rollcall/core'
import type { Appended, AppendOptions, LogMessage, LogPage, LogRecord, Retention } from '../log/log.ts'

// What the log's frames carry, beside the epoch or the topic that stands in the frame itself. Numbers are f64, as a log may
// be asked with any.
//
//   append      messages, ageMs, bytes; a message whose offset is null and that ends with the idempotency key
//   appended    offset, 1 if it was a duplicate
//   page        first, top; messages
//   message     text length u32, bytes length u32 (0: none, else 1 more than there are), text, bytes
//   the text    JSON: [offset, event, from, at, payload]; without a payload if it is the bytes

const F64 = 8
const MESSAGE_HEADER = 8

type Text = readonly [offset: number | null, event: string, from: Sender | null, at: number, payload: unknown]

/** @throws TypeError if the payload is nothing that JSON can carry. */
export function encodeMessage(offset: number | null, { event, payload, from, at }: LogRecord, key?: string): Buffer {
  const bytes = payload instanceof Uint8Array ? payload : null
  const text = JSON.stringify([offset, event, from, at, bytes ? null : payload, key])
  const textBytes = Buffer.byteLength(text)
  const buffer = Buffer.allocUnsafe(MESSAGE_HEADER + textBytes + (bytes?.byteLength ?? 0))
  buffer.writeUInt32LE(textBytes, 0)
  buffer.writeUInt32LE(bytes ? bytes.byteLength + 1 : 0, 4)
  buffer.write(text, MESSAGE_HEADER, 'utf8')
  if (bytes) buffer.set(bytes, MESSAGE_HEADER + textBytes)
  return buffer
}

/** A message at a place in a buffer, and where the next one begins. */
function messageAt(buffer: Buffer, at: number): { text: readonly unknown[]; next: number } {
  const textAt = at + MESSAGE_HEADER
  const bytesAt = textAt + buffer.readUInt32LE(at)
  const bytesLength = buffer.readUInt32LE(at + 4) - 1
  const text = JSON.parse(buffer.toString('utf8', textAt, bytesAt)) as unknown[]
  if (bytesLength < 0) return { text, next: bytesAt }
  // A copy: it may be kept for long, and what was read with it is not to be kept as well.
  text[4] = new Uint8Array(buffer.subarray(bytesAt, bytesAt + bytesLength))
  return { text, next: bytesAt + bytesLength }
}

function toLogMessage(text: readonly unknown[]): LogMessage {
  const [offset, event, from, at, payload] = text as unknown as Text
  return { offset: offset ?? 0, event, payload, from, at }
}

export function decodeMessage(buffer: Buffer): LogMessage {
  return toLogMessage(messageAt(buffer, 0).text)
}

/** @throws TypeError if the payload is nothing that JSON can carry. */
export function encodeAppend(record: LogRecord, { retention, idempotencyKey }: AppendOptions): Buffer {
  const { messages, ageMs, bytes } = retention
  return Buffer.concat([encodeNumbers(messages, ageMs, bytes), encodeMessage(null, record, idempotencyKey)])
}

export function decodeAppend(buffer: Buffer): { record: LogRecord; options: AppendOptions } {
  const { text } = messageAt(buffer, 3 * F64)
  const { event, payload, from, at } = toLogMessage(text)
  const idempotencyKey = text[5] as string | undefined
  const retention: Retention = { messages: numberAt(buffer, 0), ageMs: numberAt(buffer, 1), bytes: numberAt(buffer, 2) }
  return {
    record: { event, payload, from, at },
    options: { retention, ...(idempotencyKey != null && { idempotencyKey }) },
  }
}

export function encodeAppended({ position, duplicate }: Appended): Buffer {
  return encodeNumbers(position.offset, duplicate ? 1 : 0)
}

export function decodeAppended(epoch: string, buffer: Buffer): Appended {
  return { position: { epoch, offset: numberAt(buffer, 0) }, duplicate: numberAt(buffer, 1) === 1 }
}

export function decodePosition(epoch: string, buffer: Buffer): Position {
  return { epoch, offset: numberAt(buffer, 0) }
}

export function encodePage({ messages, first, top }: LogPage): Buffer {
  return Buffer.concat([encodeNumbers(first, top), ...messages.map((each) => encodeMessage(each.offset, each))])
}

export function decodePage(epoch: string, buffer: Buffer): LogPage {
  const messages: LogMessage[] = []
  for (let at = 2 * F64; at < buffer.length; ) {
    const { text, next } = messageAt(buffer, at)
    messages.push(toLogMessage(text))
    at = next
  }
  return { epoch, messages, first: numberAt(buffer, 0), top: numberAt(buffer, 1) }
}

export function encodeNumbers(...numbers: readonly number[]): Buffer {
  const buffer = Buffer.allocUnsafe(numbers.length * F64)
  for (const [i, number] of numbers.entries()) buffer.writeDoubleLE(number, i * F64)
  return buffer
}

/** The number at a place, counted from 0. */
export function numberAt(buffer: Buffer, index: number): number {
  return buffer.readDoubleLE(index * F64)
}
