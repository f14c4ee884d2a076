import { channel, contract } from '@rollcall/core'
import { z } from 'zod'

const talk = {
  send: { say: z.string() },
  emit: { said: z.string() },
  call: {
    /** Which process has the connection. */
    where: { input: z.null(), output: z.object({ worker: z.string(), pid: z.number() }) },
    /** Makes a file of that name, and stands still until it is gone. */
    hang: { input: z.string(), output: z.null() },
    /** Ends the process with that code. */
    crash: { input: z.number(), output: z.null() },
  },
  presence: z.object({ name: z.string() }),
} as const

/** What the app of `workers-app.ts` has: rooms whose messages are kept, and halls where they are not. */
export const rooms = contract({
  'room:{room}': channel({ ...talk, history: { messages: 100_000 } }),
  'hall:{room}': channel(talk),
})
