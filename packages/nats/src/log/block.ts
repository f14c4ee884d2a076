import { Buffer } from 'node:buffer'
import type { LogMessage, LogRecord, Retention } from 'rollcall/log'

/** A record, encoded to stand in a block. */
export interface Entry {
  readonly record: LogRecord
  readonly key: string | undefined
  /** The record as JSON: `[event, from, at, key, payload]`, or with the byte length of a binary payload as a sixth. */
  readonly json: string
  readonly binary: Uint8Array | null
  /** What it counts as, towards retention by bytes. */
  readonly byteLength: number
}

/** What a block says of itself and of its place. */
export interface BlockHead {
  /** Tells it from every other block. */
  readonly id: string
  /** The stream sequence and the id of the topic's previous block; 0 and empty for the first. */
  readonly prev: number
  readonly prevId: string
  readonly epoch: string
  /** The offset of its first record; of the next message, if it has none. */
  readonly base: number
  /** Bytes of all records of the topic before this block. */
  readonly bytesBefore: number
  /** What is to be kept from now on; null before the first message. */
  readonly retention: Retention | null
}

/**
 * What the log stores as one JetStream message: the records of a topic that were accepted together. Usually one record;
 * more when they come faster than the stream acknowledges.
 */
export interface Block extends BlockHead {
  readonly messages: readonly LogMessage[]
  readonly keys: readonly (string | undefined)[]
  readonly byteLengths: readonly number[]
}

/** A block with its place in the stream. */
export interface Stored {
  readonly seq: number
  /** When the stream stored it, or when this node heard of it. Milliseconds since the Unix epoch. */
  readonly at: number
  readonly block: Block
}

const VERSION = 1
const PREFIX_BYTES = 5
/** More than a block's head and the headers of its message ever take. */
export const BLOCK_OVERHEAD_BYTES = 1024

/** Encodes a record. @throws TypeError if the payload is nothing that JSON can carry. */
export function toEntry(record: LogRecord, key: string | undefined): Entry {
  const { event, from, at, payload } = record
  const binary = payload instanceof Uint8Array ? payload : null
  const fields: unknown[] = [event, from, at, key ?? null, binary ? null : payload]
  if (binary) fields.push(binary.byteLength)
  const json = JSON.stringify(fields)
  return { record, key, json, binary, byteLength: Buffer.byteLength(json) + (binary?.byteLength ?? 0) }
}

/** The bytes of a block: a version, the length of its JSON, its JSON, and the binary payloads one behind the other. */
export function encodeBlock(head: BlockHead, entries: readonly Entry[]): Uint8Array {
  const { id, prev, prevId, epoch, base, bytesBefore, retention } = head
  const kept = retention && [retention.messages, retention.ageMs, retention.bytes]
  const lengths = entries.map((entry) => entry.byteLength)
  const fields = JSON.stringify([id, prev, prevId, epoch, base, bytesBefore, kept, lengths])
  const json = Buffer.from(`[${fields},[${entries.map((entry) => entry.json).join(',')}]]`)
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix[0] = VERSION
  prefix.writeUInt32BE(json.byteLength, 1)
  const binaries = entries.flatMap((entry) => entry.binary ?? [])
  return Buffer.concat([prefix, json, ...binaries])
}

/** The block that `encodeBlock` would give back for what this node itself has stored. */
export function ownBlock(head: BlockHead, entries: readonly Entry[]): Block {
  return {
    ...head,
    messages: entries.map(({ record }, i) => ({ ...record, offset: head.base + i })),
    keys: entries.map((entry) => entry.key),
    byteLengths: entries.map((entry) => entry.byteLength),
  }
}

type Fields = readonly [
  readonly [string, number, string, string, number, number, readonly [number, number, number] | null, number[]],
  readonly (readonly [string, LogRecord['from'], number, string | null, unknown, number?])[],
]

/** Reads a block. @throws Error if the bytes are no block of a version that is known. */
export function decodeBlock(bytes: Uint8Array): Block {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer[0] !== VERSION) throw new Error(`Not a block of this log: version ${buffer[0] ?? 'missing'}`)
  let at = PREFIX_BYTES + buffer.readUInt32BE(1)
  const [[id, prev, prevId, epoch, base, bytesBefore, kept, byteLengths], records]: Fields = JSON.parse(
    buffer.toString('utf8', PREFIX_BYTES, at),
  )
  const messages: LogMessage[] = []
  const keys: (string | undefined)[] = []
  for (const [event, from, time, key, value, length] of records) {
    let payload = value
    if (length !== undefined) {
      payload = new Uint8Array(bytes.buffer, bytes.byteOffset + at, length)
      at += length
    }
    messages.push({ event, payload, from, at: time, offset: base + messages.length })
    keys.push(key ?? undefined)
  }
  const retention = kept && { messages: kept[0], ageMs: kept[1], bytes: kept[2] }
  return { id, prev, prevId, epoch, base, bytesBefore, retention, messages, keys, byteLengths }
}

/** The offset of the block's last record; of the message before it, if it has none. */
export function topOf(block: Block): number {
  return block.base + block.messages.length - 1
}

/** Bytes of all records of the topic up to the end of the block. */
export function bytesAfter(block: Block): number {
  return block.byteLengths.reduce((sum, each) => sum + each, block.bytesBefore)
}
