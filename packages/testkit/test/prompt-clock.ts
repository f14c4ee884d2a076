import { type Clock, systemClock } from '@rollcall/core'

/**
 * Real time, but what is due already has the next turn, where a timer would take a millisecond: of a thousand messages, each
 * behind the one before it, that makes a second, and several on a busy machine.
 */
export const promptClock: Clock = {
  ...systemClock,
  after: (ms, task) => (ms > 0 ? systemClock.after(ms, task) : systemClock.soon(task)),
}
