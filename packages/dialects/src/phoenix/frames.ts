/** A ref as JSON text: whatever a client chose comes back as it was, and is compared, never understood. */
export type Ref = string

export const NO_REF: Ref = 'null'

/** A message of a client. */
export interface Frame {
  /** The ref of the join that it belongs to. */
  readonly joinRef: Ref
  readonly ref: Ref
  readonly topic: string
  readonly event: string
  /** What JSON can carry, or bytes. */
  readonly payload: unknown
}

/** Why a client's message is none. */
export interface FrameFault {
  readonly fault: string
}

/** A ref is kept as long as its channel is joined, so it must not be just any length. */
const MAX_REF_LENGTH = 255

/** The frame of parts whose types nobody has checked. */
export function toFrame(
  joinRef: unknown,
  ref: unknown,
  topic: unknown,
  event: unknown,
  payload: unknown,
): Frame | FrameFault {
  if (typeof topic !== 'string' || typeof event !== 'string') return { fault: 'topic and event must be texts' }
  const refs = { joinRef: JSON.stringify(joinRef ?? null), ref: JSON.stringify(ref ?? null) }
  if (refs.joinRef.length > MAX_REF_LENGTH || refs.ref.length > MAX_REF_LENGTH)
    return { fault: `a ref is above ${MAX_REF_LENGTH} characters` }
  return { ...refs, topic, event, payload }
}
