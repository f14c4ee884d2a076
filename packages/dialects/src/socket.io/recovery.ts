import { isOffset, type Position } from '@rollcall/core'

// Connection state recovery, as clients of Socket.IO 4.6 and later know it. They keep two texts that mean nothing to them:
// a `pid`, given with the connect packet, and an offset, the last argument of the last event if that was a text. Back
// again they show both; if they get the same pid, they were recovered.

const SEPARATOR = '~'
const MAX_LENGTH = 512

/** What a pid says. */
export interface Pid {
  /** Resumes the session. */
  readonly token: string
  /** Where the log stood when the pid was given; null on a channel without one. */
  readonly joined: Position | null
  /** The offset that the client held at that time already, from an earlier pid: it says nothing about this one. */
  readonly stale: string | null
}

/** `mark` makes pids of the same session different: the same pid tells the client that it was recovered. */
export function encodePid({ token, joined, stale }: Pid, mark: string): string {
  return [token, mark, joined ? encodeOffset(joined) : '', stale ?? ''].map(guard).join(SEPARATOR)
}

/** Null for anything else. All but the token is the client's own claim, as positions always are. */
export function decodePid(value: unknown): Pid | null {
  if (typeof value !== 'string' || value.length > MAX_LENGTH) return null
  const parts = value.split(SEPARATOR).map(unguard)
  const [token, , joined, stale] = parts
  if (parts.length !== 4 || !token || joined === undefined || stale === undefined) return null
  const position = joined === '' ? null : decodeOffset(joined)
  return joined !== '' && !position ? null : { token, joined: position, stale: stale === '' ? null : stale }
}

export function encodeOffset({ epoch, offset }: Position): string {
  return `${offset}${SEPARATOR}${epoch}`
}

/** Null for anything else. */
export function decodeOffset(value: unknown): Position | null {
  if (typeof value !== 'string' || value.length > MAX_LENGTH) return null
  const at = value.indexOf(SEPARATOR)
  const offset = Number(value.slice(0, at))
  if (!/^\d{1,16}~/.test(value) || !isOffset(offset)) return null
  return { epoch: value.slice(at + 1), offset }
}

/**
 * Where a client that shows a pid stands: at the offset that it shows, or, if that is none or one from before the pid,
 * where it joined. Null if it cannot be said.
 */
export function positionOf({ joined, stale }: Pid, offset: unknown): Position | null {
  if (joined === null) return null
  if (offset === undefined || offset === stale) return joined
  return decodeOffset(offset)
}

/** An offset that is worth remembering in a pid. */
export function staleOffset(offset: unknown): string | null {
  return typeof offset === 'string' && offset.length <= 128 ? offset : null
}

function guard(part: string): string {
  return part.replaceAll('%', '%25').replaceAll(SEPARATOR, '%7E')
}

function unguard(part: string): string {
  return part.replaceAll('%7E', SEPARATOR).replaceAll('%25', '%')
}
