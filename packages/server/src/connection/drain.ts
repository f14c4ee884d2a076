import { type Clock, CloseCode } from '@rollcall/core'
import type { Connection } from './connection.ts'

/** How clients are sent away. */
export interface DrainOptions {
  /** Clients are told to come back after this, in milliseconds. */
  readonly retryAfterMs: number
  /** And within this much more, each at its own time. */
  readonly spreadMs: number
  /** Over how long the goodbyes are spread; null: a thousand connections a second, for at most 5 s. */
  readonly drainMs: number | null
}

const STAGE_MS = 50
const PER_SECOND = 1_000
const MAX_DRAIN_MS = 5_000
/** How long what a client has asked may take to be answered when it is sent away, in milliseconds. */
const ANSWER_MS = 1_000

/**
 * Sends all clients away, in stages: the nodes that they come back to get them one after the other, while those who have not
 * been sent away yet are served as before. A client that comes meanwhile is sent away as well.
 */
export async function drain(
  connections: () => Iterable<Connection>,
  clock: Clock,
  { retryAfterMs, spreadMs, drainMs }: DrainOptions,
): Promise<void> {
  const count = [...connections()].length
  const lastsMs = drainMs ?? Math.min(MAX_DRAIN_MS, (count / PER_SECOND) * 1000)
  const stages = Math.max(1, Math.floor(lastsMs / STAGE_MS))
  const perStage = Math.ceil(count / stages)
  const notice = { kind: 'closing', reason: 'the server is stopping', retryAfterMs, spreadMs } as const
  const leaving = new Map<Connection, Promise<void>>()
  const sendAway = (most: number) => {
    let left = most
    for (const connection of connections()) {
      if (leaving.has(connection)) continue
      if (left-- <= 0) return
      leaving.set(connection, connection.retire(notice, CloseCode.goingAway, ANSWER_MS))
    }
  }
  for (let stage = 1; stage < stages; stage++) {
    sendAway(perStage)
    await new Promise<void>((resolve) => clock.after(STAGE_MS, resolve))
  }
  sendAway(Number.POSITIVE_INFINITY)
  await Promise.all(leaving.values())
}
