import type { Joined, Position, Refusal } from '@rollcall/core'

// What replies carry.

/** Of a join: what the application said, and on a channel with history where its log stood. */
export function joinedResponse({ reply, position, recovery }: Joined): unknown {
  const own =
    reply instanceof Uint8Array || Array.isArray(reply) || typeof reply !== 'object' ? { reply } : { ...reply }
  if (!position) return own
  const told = typeof recovery === 'string' ? { recovery } : { recovery: 'gap', gap: recovery.gap }
  return { position: [position.epoch, position.offset], ...told, ...own }
}

/** Of a send: where it stands, if the handler answers what its emit answered, and there is a log. */
export function sentResponse(result: unknown): unknown {
  const position = (result as { readonly position?: Position | null } | null)?.position
  return position ? { position: [position.epoch, position.offset] } : {}
}

/** Of a join that was refused: in the words of this protocol where it has some. */
export function keptOutResponse(refusal: Refusal): unknown {
  if (refusal.code === 'too_many_channels') return TOO_MANY
  return refusal.code === 'internal' ? JOIN_CRASHED : refusedResponse(refusal)
}

/** Of what was refused. `reason` is for people, `code` for programs. */
export function refusedResponse({ code, message, retryAfterMs, details }: Refusal): unknown {
  return {
    reason: message,
    code,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(details !== undefined && { details }),
  }
}

/** Of a topic that there is not, or that was not joined. */
export const UNMATCHED = { reason: 'unmatched topic' } as const
export const TOO_MANY = { reason: 'too many channels joined' } as const
const JOIN_CRASHED = { reason: 'join crashed' } as const
