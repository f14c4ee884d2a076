// The contract of the program that is killed, for it and for its clients.
import { channel, contract } from '@rollcall/core'
import { z } from 'zod'

export const continuity = contract({
  'room:{room}': channel({
    send: { say: z.string() },
    emit: { said: z.string() },
    presence: z.object({ n: z.number() }),
    history: { messages: 100_000 },
  }),
})

/** How long a connection may be silent, and a member away, in milliseconds. */
export const TIMES = { pingMs: 2_000, deadMs: 1_500, graceMs: 3_000, positionMs: 3_000 }
