import type { IncomingHttpHeaders } from 'node:http'
import { joinBinary, splitBinary } from '@rollcall/core'
import { CLUSTER_VERSION } from './message.ts'

/** A request that one node has another one answer. */
export interface CarriedRequest {
  /** Names it, for word that its client is gone. */
  readonly id: string
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Where the client is, and whether what is between is encrypted. */
  readonly address: string
  readonly secure: boolean
}

/** What it is answered with. */
export interface CarriedAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** How many pieces of the body went ahead of the last. */
  readonly pieces: number
}

/** A piece of an answer's body that goes ahead. */
export interface CarriedPiece {
  readonly id: string
  readonly piece: number
}

/** A JSON header and bytes behind it. */
export function encodeCarried(header: CarriedRequest | CarriedAnswer | CarriedPiece, body: Uint8Array): Uint8Array {
  return joinBinary(JSON.stringify({ v: CLUSTER_VERSION, ...header }), body)
}

/** Null for what no node would send. */
export function decodeCarried(
  bytes: Uint8Array,
): { readonly header: Record<string, unknown>; readonly body: Uint8Array } | null {
  const parts = splitBinary(bytes)
  if (!parts) return null
  try {
    const header: unknown = JSON.parse(parts.header)
    if (typeof header !== 'object' || header === null || Array.isArray(header)) return null
    return { header: header as Record<string, unknown>, body: parts.payload }
  } catch {
    return null
  }
}

export function toCarriedRequest(header: Readonly<Record<string, unknown>>): CarriedRequest | null {
  const { id, method, path, headers, address, secure } = header
  if (typeof id !== 'string' || typeof method !== 'string' || typeof path !== 'string') return null
  if (!areHeaders(headers) || typeof address !== 'string') return null
  return { id, method, path, headers, address, secure: secure === true }
}

export function toCarriedAnswer(header: Readonly<Record<string, unknown>>): CarriedAnswer | null {
  const { status, headers, pieces } = header
  if (typeof status !== 'number' || typeof pieces !== 'number' || !areHeaders(headers)) return null
  return { status, headers, pieces }
}

function areHeaders(value: unknown): value is IncomingHttpHeaders {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Headers of one connection, not of what is passed on; the length is that of the body as it is carried. */
const HOP = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'content-length', 'expect']

export function withoutHop(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.includes(name)))
}
