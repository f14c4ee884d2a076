import type { Meter } from '../machine/meter.ts'
import type { Connection } from './connection.ts'
import type { Crowd } from './crowd.ts'
import { drained } from './fanout.ts'
import { payloadOf } from './payload.ts'
import { Score } from './room.ts'
import { measure, type WindowPlan, type WindowReport } from './window.ts'

export interface OpenLoopPlan extends WindowPlan {
  /** Messages a second, over all rooms in turn. */
  readonly rate: number
  readonly payloadBytes: number
  /** The share of members that stops to read before it begins; never the first of a room, which speaks. */
  readonly stalledShare: number
}

export interface OpenLoopReport extends WindowReport {
  /** Messages that could not be sent since 4,096 were under way in their room: the server cannot keep up. */
  readonly overruns: number
}

const RING = 4096

/**
 * An open loop: messages are due at fixed times, whatever has become of the ones before. Latency counts from when a
 * message was due, so a server that stalls cannot hide behind a generator that waited for it (coordinated omission).
 */
export async function openLoop(crowd: Crowd, meter: Meter, plan: OpenLoopPlan): Promise<OpenLoopReport> {
  const { rate, payloadBytes, stalledShare } = plan
  const score = new Score()
  const payload = payloadOf(payloadBytes)
  const stalled = stall(crowd, stalledShare)
  for (const room of crowd.rooms) room.begin(score, RING, stalled, () => undefined)
  const startedAt = performance.now()
  let [due, overruns] = [0, 0]
  const timer = setInterval(() => {
    const now = performance.now()
    for (;;) {
      const dueAt = startedAt + (due * 1000) / rate
      if (dueAt > now) return
      const room = crowd.rooms[due % crowd.rooms.length]
      if (room && !room.publish(room.members[0] as Connection, payload, dueAt)) overruns++
      due++
    }
  }, 1)
  try {
    const report = await measure(score, meter, plan)
    clearInterval(timer)
    await drained(crowd, score)
    return { ...report, overruns }
  } finally {
    clearInterval(timer)
    for (const room of crowd.rooms) room.end()
  }
}

function stall(crowd: Crowd, share: number): ReadonlySet<Connection> {
  const stalled = new Set<Connection>()
  for (const room of crowd.rooms) {
    const count = Math.round(room.members.length * share)
    for (const member of room.members.slice(1, 1 + count)) {
      member.stall()
      stalled.add(member)
    }
  }
  return stalled
}
