import { fromUtf8, toUtf8 } from '@rollcall/core'

/**
 * The version of what nodes say to each other. Neighbouring versions understand each other, so that the nodes of a cluster
 * can be replaced one by one: a version may add kinds of messages and fields, which the one before ignores, and says what
 * that one needs to hear; it takes nothing away that the one before says. What is two versions old may be forgotten.
 */
export const CLUSTER_VERSION = 1

/** A message between nodes, as bytes: JSON, since it is small and rare beside what clients are sent. */
export function encodeMessage(message: object): Uint8Array {
  return toUtf8(JSON.stringify({ v: CLUSTER_VERSION, ...message }))
}

/** What another node said; null if no node of a version that we understand would say it. */
export function decodeMessage(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  const fields = fieldsOf(bytes)
  const version = fields?.v
  if (!isVersion(version) || Math.abs(version - CLUSTER_VERSION) > 1) return null
  return fields
}

/** The version of another node's message if it is one that we do not understand, else null. */
export function foreignVersion(bytes: Uint8Array): number | null {
  const version = fieldsOf(bytes)?.v
  return isVersion(version) && Math.abs(version - CLUSTER_VERSION) > 1 ? version : null
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0
}

function fieldsOf(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  const text = fromUtf8(bytes)
  if (text === null) return null
  try {
    const message: unknown = JSON.parse(text)
    return typeof message === 'object' && message !== null && !Array.isArray(message)
      ? (message as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
