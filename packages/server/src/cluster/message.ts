import { fromUtf8, toUtf8 } from '@rollcall/core'

/**
 * The version of what nodes say to each other. A node speaks to those of its own version and of the one before; what it
 * does not know it ignores, so that two neighbouring versions run side by side.
 */
const CLUSTER_VERSION = 1

/** A message between nodes, as bytes: JSON, since it is small and rare beside what clients are sent. */
export function encodeMessage(message: object): Uint8Array {
  return toUtf8(JSON.stringify({ v: CLUSTER_VERSION, ...message }))
}

/** What another node said; null if no node of a version that we understand would say it. */
export function decodeMessage(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  const text = fromUtf8(bytes)
  if (text === null) return null
  try {
    const message: unknown = JSON.parse(text)
    if (typeof message !== 'object' || message === null || Array.isArray(message)) return null
    const fields = message as Record<string, unknown>
    return typeof fields.v === 'number' && fields.v >= CLUSTER_VERSION ? fields : null
  } catch {
    return null
  }
}
