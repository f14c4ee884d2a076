import { channel, contract } from '@rollcall/core'
import * as z from 'zod'

/** The longest message, in UTF-16 code units. */
export const MAX_MESSAGE_LENGTH = 4_000
/** The longest name of a person, in UTF-16 code units. */
export const MAX_NAME_LENGTH = 40

const text = z.string().min(1).max(MAX_MESSAGE_LENGTH)

const room = {
  send: { message: text },
  emit: { message: text },
  presence: z.object({ name: z.string().trim().min(1).max(MAX_NAME_LENGTH), typing: z.boolean().optional() }),
  history: { messages: 1_000, ageMs: 86_400_000 },
}

/** What the lobby's server and its page agree on. */
export const lobby = contract({
  /** A room that everybody may enter: `room:lobby`. */
  'room:{room}': channel(room),
  /** A room for those who have its invitation: see `invitation.ts`. */
  'private:{room}': channel({ ...room, join: z.object({ invitation: z.string().max(100) }) }),
})
