import { base64url } from '../base64.ts'
import type { Delivery, HistoryPage, Joined, Payload, Welcome } from '../dialect.ts'
import type { Refusal } from '../errors.ts'
import type { GapReason, Position } from '../position.ts'
import type { Entry, RosterCount, RosterDiff, RosterState, RosterVersion } from '../roster.ts'
import { joinBinary } from './binary.ts'
import type { Ref } from './frames.ts'

/** The server's ping. */
export const PING = '["ping"]'

export function encodeWelcome(
  { connection, user, resume }: Welcome,
  times: { readonly pingMs: number; readonly deadMs: number; readonly maxMessageBytes: number },
): string {
  return text('welcome', {
    connection,
    user,
    ...(resume && { resume: resume.token, resumeMs: resume.resumeMs }),
    resumed: resume?.resumed ?? false,
    ...times,
  })
}

export function encodeOk(ref: Ref, result: unknown): Payload {
  if (result instanceof Uint8Array) return joinBinary(`["ok",${ref},null]`, result)
  // What JSON leaves out, a function say, is null, as it is in an array.
  return `["ok",${ref},${JSON.stringify(result ?? null) ?? 'null'}]`
}

export function encodeError(ref: Ref, { code, message, retryAfterMs, details }: Refusal): string {
  return text('error', ref, { code, message, retryAfterMs, details })
}

/** A message as every native subscriber gets it: the same bytes for all. */
export function encodeMessage({ topic, event, payload, from, at, position }: Delivery): Payload {
  const stamp = JSON.stringify(from ? { from, at, offset: position?.offset } : { at, offset: position?.offset })
  const head = `["message",${JSON.stringify(topic)},${JSON.stringify(event)},`
  if (payload instanceof Uint8Array) return joinBinary(`${head}null,${stamp}]`, payload)
  return `${head}${JSON.stringify(payload ?? null)},${stamp}]`
}

export function encodeRoster(roster: RosterState | RosterDiff | RosterCount): object {
  const v = version(roster.version)
  if ('since' in roster) {
    const { joins, updates, leaves, since } = roster
    const set = [...joins.map(encodeEntry), ...updates.map((update) => encodeEntry(update.entry))]
    return { v, since, set, gone: leaves.map((left) => left.id) }
  }
  if ('members' in roster) return { v, members: roster.members, count: roster.entries }
  return { v, entries: roster.entries.map(encodeEntry) }
}

export function encodePresence(topic: string, roster: RosterState | RosterDiff | RosterCount): string {
  return `["presence",${JSON.stringify(topic)},${rosterText(roster)}]`
}

// A state is the same object until the roster changes: when thousands join at once, each is told the same text.
const stateTexts = new WeakMap<object, string>()

function rosterText(roster: RosterState | RosterDiff | RosterCount): string {
  if (!('entries' in roster) || 'members' in roster) return JSON.stringify(encodeRoster(roster))
  let known = stateTexts.get(roster)
  if (known === undefined) {
    known = JSON.stringify(encodeRoster(roster))
    stateTexts.set(roster, known)
  }
  return known
}

export function encodeJoined(ref: Ref, { entry, position, recovery, roster, reply }: Joined): string {
  const fields = JSON.stringify({
    entry: entry ? encodeEntry(entry) : undefined,
    position: position ? place(position) : undefined,
    recovery: typeof recovery === 'string' ? recovery : 'gap',
    gap: typeof recovery === 'string' ? undefined : recovery.gap,
    reply,
  })
  if (!roster) return `["ok",${ref},${fields}]`
  return `["ok",${ref},${fields.slice(0, -1)},"roster":${rosterText(roster)}}]`
}

/** A page of history. Bytes are base64url here, marked by a fourth item. */
export function encodePage({ messages, epoch, more }: HistoryPage): object {
  return {
    epoch,
    more,
    messages: messages.map(({ event, payload, from, at, position }) => {
      const stamp = from ? { from, at, offset: position?.offset } : { at, offset: position?.offset }
      return payload instanceof Uint8Array
        ? [event, base64url(payload), stamp, 'base64']
        : [event, payload ?? null, stamp]
    }),
  }
}

export function encodePosition(topic: string, { epoch, offset }: Position): string {
  return text('position', topic, [epoch, offset])
}

export function encodeGap(topic: string, reason: GapReason, { epoch, offset }: Position): string {
  return text('gap', topic, { reason, position: [epoch, offset] })
}

export function encodeLeft(topic: string, reason: string): string {
  return text('left', topic, { reason })
}

export function encodeClosing(reason: string, retryAfterMs: number, spreadMs: number): string {
  return text('closing', { reason, retryAfterMs, spreadMs })
}

function text(...frame: readonly unknown[]): string {
  return JSON.stringify(frame)
}

function place({ epoch, offset }: Position): [string, number] {
  return [epoch, offset]
}

function version({ epoch, version }: RosterVersion): [string, number] {
  return [epoch, version]
}

function encodeEntry({ id, key, meta, rev }: Entry): [string, string, unknown, number] {
  return [id, key, meta ?? null, rev]
}
