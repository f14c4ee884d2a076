import { type ChannelSpec, isOffset, type Since } from '@rollcall/core'

/** What a client says with a join, apart: where its channel has presence or history, some fields are about those. */
export interface JoinWish {
  /** What is left for the application. */
  readonly input: unknown
  /** The metadata to be seen with; undefined to stay unseen. */
  readonly presence: unknown
  readonly since: Since | null
}

/** Reads the payload of a join. */
export function readJoin(payload: unknown, spec: ChannelSpec): JoinWish {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload) || payload instanceof Uint8Array)
    return { input: payload, presence: undefined, since: null }
  const input = { ...payload } as Record<string, unknown>
  return {
    presence: spec.presence ? takePresence(input) : undefined,
    since: spec.history ? takeSince(input) : null,
    input,
  }
}

/** Whether metadata says to be unseen. The official client sends `{}` for all that is nothing but a text. */
export function isHidden(presence: unknown): boolean {
  return presence === 'off' || presence === false || presence === null
}

// `presence` is the metadata. Without it, a name is one to be seen by.
function takePresence(input: Record<string, unknown>): unknown {
  if (!Object.hasOwn(input, 'presence'))
    return Object.hasOwn(input, 'name') && typeof input.name === 'string' ? { name: input.name } : undefined
  const { presence } = input
  delete input.presence
  return isHidden(presence) ? undefined : presence
}

// What has another shape than ours is the application's own.
function takeSince(input: Record<string, unknown>): Since | null {
  const { since, last } = input
  const returning = Array.isArray(since) && since.length === 2 && typeof since[0] === 'string' && isOffset(since[1])
  if (returning) delete input.since
  if (isOffset(last)) delete input.last
  if (returning) return { position: { epoch: since[0] as string, offset: since[1] as number } }
  return isOffset(last) ? { last } : null
}
