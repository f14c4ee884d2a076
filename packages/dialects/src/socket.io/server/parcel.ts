import { fromUtf8, toUtf8 } from '@rollcall/core'
import { attach, detach } from '../packet/attachments.ts'
import { toBuffer } from './buffer.ts'

// What servers send each other: a head in JSON; values in JSON, and the bytes that are in them.

/** What the head says. */
export type Head = Readonly<Record<string, unknown>>

export interface Parcel {
  readonly head: Head
  readonly values: readonly unknown[]
}

/** The number of the parts, and each behind its length, all in four bytes. @throws TypeError on values that JSON cannot have. */
export function encodeParcel(head: Head, values: readonly unknown[] = []): Uint8Array {
  const attached: Uint8Array[] = []
  const text = JSON.stringify(detach(values, attached))
  return joined([toUtf8(JSON.stringify(head)), toUtf8(text), ...attached])
}

/** Null if it is none. */
export function decodeParcel(bytes: Uint8Array): Parcel | null {
  const [first, second, ...attached] = partsOf(bytes) ?? []
  const head = first && fromJson(first)
  const values = second && fromJson(second)
  if (typeof head !== 'object' || head === null || Array.isArray(head) || !Array.isArray(values)) return null
  // Without attachments, what looks like the place of one is a value like any other.
  if (attached.length > 0 && !attach(values, attached)) return null
  return { head: head as Head, values }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + 4 + part.length, 4))
  const view = new DataView(whole.buffer)
  view.setUint32(0, parts.length)
  let at = 4
  for (const part of parts) {
    view.setUint32(at, part.length)
    whole.set(part, at + 4)
    at += 4 + part.length
  }
  return whole
}

// As Buffers, which is how applications know bytes.
function partsOf(bytes: Uint8Array): Buffer[] | null {
  const whole = toBuffer(bytes)
  const parts: Buffer[] = []
  let at = 4
  while (at + 4 <= whole.length) {
    const start = at + 4
    at = start + whole.readUInt32BE(at)
    parts.push(whole.subarray(start, at))
  }
  return at === whole.length && parts.length === whole.readUInt32BE(0) ? parts : null
}

function fromJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes) ?? '')
  } catch {
    return undefined
  }
}
